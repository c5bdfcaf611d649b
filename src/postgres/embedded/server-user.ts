/**
 * Postgres refuses to run as root. Started as root, its programs run as another user: the owner of the data
 * where there is one already, else the system's `postgres`, else `nobody`.
 *
 * That user may not reach the programs or the data: below a 0700 /root, say. Then, on Linux, setpriv gives the
 * server one capability, tried in this order: DAC_READ_SEARCH (enter and read any folder), which root in a
 * default Docker container does not have, and DAC_OVERRIDE (write, too). Nothing is copied, no mode changed. (A
 * user namespace would not do: since Linux 5.12 root can be mapped in one only with a capability of its own.)
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { errorCode } from '../../system/errno.ts';
import { EmbeddedPostgresError } from './embedded-error.ts';
import { serverEnvironment } from './server-environment.ts';

/** How to start a program as the server's user. */
export interface ServerUser {
  /** Null: as ourselves, who are not root. */
  readonly ids: { readonly uid: number; readonly gid: number } | null;
  /** Given to spawn. Empty where `prefix` changes the user. */
  readonly spawnOptions: { uid?: number; gid?: number };
  /** Words that precede the program's own. */
  readonly prefix: readonly string[];
}

/** A user namespace in which we are `nobody`, and outside of which we stay who we are. */
const asNobody: readonly string[] = ['unshare', '--user', '--map-user=65534', '--'];

/**
 * The user for initdb, which looks its own name up and gives up where /etc/passwd has none (a container run
 * with `--user 12345`). Then it runs in a user namespace in which it is `nobody`; the server itself needs no name.
 */
export function withName(user: ServerUser): ServerUser {
  if (user.ids !== null || process.platform !== 'linux' || hasName()) return user;
  return { ...user, prefix: asNobody };
}

/** What to do where initdb failed under `withName`. */
export function namelessHint(user: ServerUser): string {
  if (withName(user).prefix.length === user.prefix.length) return '';
  const id = process.getuid?.();
  return ` (user ${id} has no name, and there is no user namespace to give it one: add "usage:x:${id}:${id}::/:/bin/sh" to /etc/passwd)`;
}

function hasName(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    // The system call's only failure: no entry for our own id.
    return false;
  }
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
    // Without this bit access(2), by which Postgres looks for its own programs, disregards capabilities of
    // users other than root. Capabilities that are not ambient are gone with the next exec all the same.
    const honest = ['--securebits', '+no_setuid_fixup'];
    yield { ids, spawnOptions: {}, prefix: ['setpriv', ...honest, ...who, ...may, '--'] };
  }
}

/** The owner of a data folder that is there; null where there is none, or where it is root's (a restored copy). */
async function ownerOf(data: string): Promise<{ uid: number; gid: number } | null> {
  try {
    const { uid, gid } = await stat(data);
    return uid === 0 ? null : { uid, gid };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
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

/**
 * Tries it: null where the user can enter the folder and run the program, libraries and all, without a
 * complaint (one that cannot find itself says so and still tells its version).
 */
function whyUnreachable(user: ServerUser, postgres: string, root: string): Promise<string | null> {
  const script = 'cd "$1" && exec "$2" --version';
  const [program, ...words] = [...user.prefix, '/bin/sh', '-c', script, 'sh', root, postgres];
  const how = user.prefix.length === 0 ? 'plainly' : `${user.prefix[0]} ${user.prefix.at(-2)}`;
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = spawn(program!, words, {
        ...user.spawnOptions,
        cwd: '/',
        env: serverEnvironment,
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: 20_000,
        killSignal: 'SIGKILL',
      });
    } catch (error) {
      // Some errors are thrown, EPERM (no right to change the user) among them; others are events.
      resolve(`${how}: ${errorCode(error)}`);
      return;
    }
    let said = '';
    child.stderr!.on('data', (bytes) => {
      said = (said + bytes).slice(0, 200);
    });
    child.once('error', (error) => resolve(`${how}: ${errorCode(error)}`));
    child.once('close', (code) => {
      const fine = code === 0 && said === '';
      resolve(fine ? null : `${how}: ${said.split('\n')[0]?.trim() || `exit ${code}`}`);
    });
  });
}

/** Gives a data folder that is root's, a restored copy say, to the server's user. */
export async function giveDataTo(user: ServerUser, data: string): Promise<void> {
  if (user.ids === null || (await stat(data)).uid !== 0) return;
  const { uid, gid } = user.ids;
  await promisify(execFile)('chown', ['-R', '-h', `${uid}:${gid}`, data], { timeout: 600_000 });
}
