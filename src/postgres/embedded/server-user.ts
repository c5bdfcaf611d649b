/**
 * Postgres refuses to run as root. Started as root, its programs run as another user: the owner of the data
 * where there is one already, else the system's `postgres`, else `nobody`.
 *
 * That user may not reach the programs or the data: below a 0700 /root, say. Then, on Linux, setpriv gives the
 * server one capability, tried in this order: DAC_READ_SEARCH (enter and read any folder), which root in a
 * default Docker container does not have, and DAC_OVERRIDE (write, too). Nothing is copied, no mode changed.
 */

import { spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { EmbeddedPostgresError, systemErrorCode } from './embedded-error.ts';

/** How to start a program as the server's user. */
export interface ServerUser {
  /** Null: as ourselves, who are not root. */
  readonly ids: { readonly uid: number; readonly gid: number } | null;
  /** Given to spawn. Empty where `prefix` changes the user. */
  readonly spawnOptions: { uid?: number; gid?: number };
  /** Words that precede the program's own. */
  readonly prefix: readonly string[];
}

const ourselves: ServerUser = { ids: null, spawnOptions: {}, prefix: [] };

/**
 * @param postgres the program that must be runnable
 * @param root the folder that holds the data; must exist and be enterable
 * @param data the data folder, which may not exist yet
 * @throws EmbeddedPostgresError ('unprivileged')
 */
export async function chooseServerUser(postgres: string, root: string, data: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return ourselves;
  const ids = (await ownerOf(data)) ?? (await systemUser());
  const problems: string[] = [];
  for (const user of candidates(ids)) {
    const problem = await whyUnreachable(user, postgres, root);
    if (problem === null) return user;
    problems.push(problem);
  }
  throw new EmbeddedPostgresError(
    'unprivileged',
    `Postgres refuses to run as root, and user ${ids.uid} cannot run ${postgres} with its data in ${root} (${problems.join('; ')}): start usage-ingest as an ordinary user, or move it and DATA_DIR to where other users can enter, or install setpriv (util-linux) and leave root the capability DAC_READ_SEARCH or DAC_OVERRIDE`,
  );
}

function* candidates(ids: { uid: number; gid: number }): Generator<ServerUser> {
  yield { ids, spawnOptions: ids, prefix: [] };
  if (process.platform !== 'linux') return;
  for (const capability of ['dac_read_search', 'dac_override']) {
    const who = ['--reuid', String(ids.uid), '--regid', String(ids.gid), '--clear-groups'];
    const may = ['--inh-caps', `+${capability}`, '--ambient-caps', `+${capability}`];
    yield { ids, spawnOptions: {}, prefix: ['setpriv', ...who, ...may, '--'] };
  }
}

/** The owner of a data folder that is there; null where there is none, or where it is root's (a restored copy). */
async function ownerOf(data: string): Promise<{ uid: number; gid: number } | null> {
  try {
    const { uid, gid } = await stat(data);
    return uid === 0 ? null : { uid, gid };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function systemUser(): Promise<{ uid: number; gid: number }> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((fields) => fields[0] === name) ?? [];
    // macOS gives nobody the ids -2.
    if (uid !== undefined && gid !== undefined && Number(uid) > 0)
      return { uid: Number(uid), gid: Number(gid) };
  }
  return { uid: 65_534, gid: 65_534 };
}

/** Tries it: null where the user can enter the folder and run the program, libraries and all. */
function whyUnreachable(user: ServerUser, postgres: string, root: string): Promise<string | null> {
  const script = 'cd "$1" && exec "$2" --version';
  const [program, ...words] = [...user.prefix, '/bin/sh', '-c', script, 'sh', root, postgres];
  const how = user.prefix.length === 0 ? 'plainly' : `with ${user.prefix.at(-2)}`;
  return new Promise((resolve) => {
    const child = spawn(program!, words, {
      ...user.spawnOptions,
      cwd: '/',
      env: {},
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stderr!.on('data', (bytes) => {
      said = (said + bytes).slice(0, 200);
    });
    child.once('error', (error) => resolve(`${how}: ${systemErrorCode(error)}`));
    child.once('close', (code) => {
      resolve(code === 0 ? null : `${how}: ${said.split('\n')[0]?.trim() || `exit ${code}`}`);
    });
  });
}
