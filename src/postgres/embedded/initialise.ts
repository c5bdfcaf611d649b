/**
 * Makes the server's data folder, in a folder of its own that is renamed when it is whole: a killed start
 * leaves rubbish that the next one removes, never half a data folder.
 */

import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../../system/errno.ts';
import { syncFolder } from '../../system/small-files.ts';
import type { PostgresBinaries } from './binaries.ts';
import { embeddedUser } from './connection-file.ts';
import { EmbeddedPostgresError } from './embedded-error.ts';
import type { EmbeddedFolder } from './folder.ts';
import { type GuardedProcess, startGuarded } from './guarded-process.ts';
import { serverEnvironment } from './server-environment.ts';
import { hostAccess, initialSettings } from './server-settings.ts';
import { namelessHint, type ServerUser, withName } from './server-user.ts';

const leftoverPrefix = 'initialising-';

/** The major version that made the data folder, as PG_VERSION holds it; null where there is no folder yet. */
export async function dataVersion(folder: EmbeddedFolder): Promise<string | null> {
  try {
    return (await readFile(join(folder.data, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const names = await readdir(folder.root);
  if (!names.includes('data')) return null;
  throw new EmbeddedPostgresError(
    'data',
    `${folder.data} is there and is no data folder of Postgres: move it away, or restore it whole`,
  );
}

/**
 * Runs initdb: UTF8, locale C, SCRAM, checksums.
 * @param onProcess called with the process, so that a stop can end it
 * @throws EmbeddedPostgresError ('start_failed')
 */
export async function initialise(
  folder: EmbeddedFolder,
  binaries: PostgresBinaries,
  user: ServerUser,
  options: { password: string; onProcess: (process: GuardedProcess) => void },
): Promise<void> {
  const workshop = join(folder.root, leftoverPrefix + randomBytes(6).toString('hex'));
  await mkdir(workshop, { mode: 0o700 });
  try {
    const passwordFile = join(workshop, 'password');
    await writeFile(passwordFile, `${options.password}\n`, { mode: 0o600 });
    if (user.ids) {
      await chown(passwordFile, user.ids.uid, user.ids.gid);
      await chown(workshop, user.ids.uid, user.ids.gid);
    }
    const data = join(workshop, 'data');
    await runInitdb(binaries.initdb, user, { workshop, data, passwordFile, onProcess: options.onProcess });
    await writeFile(join(data, 'pg_hba.conf'), hostAccess);
    await rename(data, folder.data);
    await syncFolder(folder.root);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** Removes what killed starts left. Only the owner of the folder calls this. */
export async function removeLeftovers(folder: EmbeddedFolder): Promise<void> {
  for (const name of await readdir(folder.root)) {
    const leftover = name.startsWith(leftoverPrefix) || /^\w+\.json\./.test(name);
    if (leftover) await rm(join(folder.root, name), { recursive: true, force: true });
  }
}

async function runInitdb(
  initdb: string,
  user: ServerUser,
  at: {
    workshop: string;
    data: string;
    passwordFile: string;
    onProcess: (process: GuardedProcess) => void;
  },
): Promise<void> {
  // Where nothing bounds this process its bound is 0, or a number beyond any memory.
  const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const settings = Object.entries(initialSettings(memoryBytes)).flatMap(([name, value]) => [
    '--set',
    `${name}=${value}`,
  ]);
  const output = join(at.workshop, 'initdb.log');
  const log = await open(output, 'a', 0o600);
  try {
    const command = [
      initdb,
      ...['--pgdata', at.data, '--username', embeddedUser, '--pwfile', at.passwordFile],
      ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--data-checksums', '--no-instructions'],
      ...settings,
    ];
    const initialising = startGuarded(withName(user), command, {
      firstSignal: 'TERM',
      cwd: at.workshop,
      env: serverEnvironment,
      output: log.fd,
    });
    at.onProcess(initialising);
    const { code, signal } = await initialising.ended;
    if (code === 0) return;
    const said = (await readFile(output, 'utf8')).trim().split('\n').slice(-3).join(' ');
    throw new EmbeddedPostgresError(
      'start_failed',
      `initdb failed (${signal ?? code}): ${said}${namelessHint(user)}`,
    );
  } finally {
    await log.close();
  }
}
