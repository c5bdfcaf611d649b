/** One instance a DATA_DIR. The kernel frees the lock when its owner dies: no stale file, no pid to guess about. */

import { join, resolve } from 'node:path';
import { errorCode } from '../system/errno.ts';
import { makeFolder } from '../system/make-folder.ts';
import { type ProcessLock, tryLock } from '../system/process-lock.ts';
import { StartRefusedError } from '../system/start-refused-error.ts';

/** Nobody else lists it. Under root the embedded Postgres runs as another user, who passes through it. */
const folderMode = process.getuid?.() === 0 ? 0o711 : 0o700;

/**
 * Makes the folder where it is not there, and takes its lock.
 * @throws StartRefusedError where another instance has it, or the folder cannot be written
 */
export async function takeInstanceLock(dataDir: string): Promise<ProcessLock> {
  const folder = resolve(dataDir);
  const lock = await tryFolder(folder);
  if (lock) return lock;
  throw new StartRefusedError(
    `another usage-ingest runs on DATA_DIR ${folder}: stop it, or give this one a DATA_DIR (and ports) of its own`,
  );
}

async function tryFolder(folder: string): Promise<ProcessLock | null> {
  try {
    await makeFolder(folder, folderMode);
    return tryLock(join(folder, 'instance.lock'));
  } catch (error) {
    const code = errorCode(error);
    throw new StartRefusedError(
      `DATA_DIR ${folder} cannot be used (${code ?? 'error'}): it must be a folder that this user may write`,
      { cause: error },
    );
  }
}
