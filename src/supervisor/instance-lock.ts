/**
 * One instance a DATA_DIR. The lock is SQLite's on a file, so the kernel frees it when its owner dies, however
 * it dies: no stale lock file, no pid to guess about.
 */

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartRefusedError } from './refused-error.ts';

export interface InstanceLock {
  release(): void;
}

/** Nobody else lists it. Under root the embedded Postgres runs as another user, who passes through it. */
const folderMode = process.getuid?.() === 0 ? 0o711 : 0o700;

/**
 * Makes the folder where it is not there, and takes its lock.
 * @throws StartRefusedError where another instance has it, or the folder cannot be written
 */
export function takeInstanceLock(dataDir: string): InstanceLock {
  const folder = resolve(dataDir);
  let database: DatabaseSync;
  try {
    mkdirSync(folder, { recursive: true, mode: folderMode });
    database = new DatabaseSync(join(folder, 'instance.lock'), { timeout: 0 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartRefusedError(
      `DATA_DIR ${folder} cannot be used (${code ?? 'error'}): it must be a folder that this user may write`,
      { cause: error },
    );
  }
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw new StartRefusedError(
      `another usage-ingest runs on DATA_DIR ${folder}: stop it, or give this one a DATA_DIR (and ports) of its own`,
      { cause: error },
    );
  }
  return { release: () => database.close() };
}
