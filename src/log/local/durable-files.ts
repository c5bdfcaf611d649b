/**
 * All that the local log asks of the disk, in one place: a test makes each of it fail, a simulation takes its place.
 * What is not said to be durable may be gone after a power cut, and then is as if it had not happened.
 */

import {
  type BigIntStatsFs,
  close,
  constants,
  fstatSync,
  fsync,
  ftruncate,
  open,
  read,
  statfs,
  watch,
  writev,
} from 'node:fs';
import { link, readdir, readFile, rename, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../../system/errno.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { type LockProbe, openLockProbe, type ProcessLock, tryLock } from '../../system/process-lock.ts';

export interface DurableFiles {
  /** Makes a file that must not exist yet, for writes that return once they are on disk (O_DSYNC). */
  create(path: string): Promise<number>;
  /** Opens a file that is there for such writes too, beside those who have it open. */
  openToWrite(path: string): Promise<number>;
  /** One write at `offset`; calls back with the bytes written, which may be too few. On disk when it does. */
  write(
    fd: number,
    buffers: Buffer[],
    offset: number,
    done: (error: Error | null, bytes: number) => void,
  ): void;
  /** Cuts a file; durable with the next write to it. */
  truncate(fd: number, bytes: number): Promise<void>;
  close(fd: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A second name for a file. @throws EEXIST where there is such a name: of two makers one wins */
  link(from: string, to: string): Promise<void>;
  /** Removes a file; none there is as good. */
  remove(path: string): Promise<void>;
  /** Makes a folder and those above it. @returns the topmost that was made, undefined where all were there */
  makeFolder(path: string): Promise<string | undefined>;
  /** Removes a folder and all in it, or a file; none there is as good. */
  removeAll(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Makes or replaces a small file, neither at once nor durably. */
  writeText(path: string, text: string): Promise<void>;
  /** Sets the time a file was changed; one that is gone needs none. */
  setTime(path: string, ms: number): Promise<void>;

  /** Opens a file to read it; null where there is none. */
  open(path: string): Promise<number | null>;
  /** Reads up to `length` bytes at `offset` of the file into `buffer` at `at`. @returns how many; 0 at the end */
  read(fd: number, buffer: Buffer, at: number, length: number, offset: number): Promise<number>;
  /** What is known of an open file without a wait. `names`: 0 once it was removed. */
  statOpen(fd: number): { readonly bytes: number; readonly names: number };
  /** Null where there is none. */
  stat(path: string): Promise<FileFacts | null>;
  /** A small file's text (Latin-1); null where there is none. */
  readText(path: string): Promise<string | null>;
  /** The names in a folder; null where there is none. */
  list(path: string): Promise<string[] | null>;
  /** Bytes that the file system of a folder still has for us. */
  freeBytes(path: string): Promise<number>;

  /** See process-lock.ts: a lock that is free once its owner is dead. */
  tryLock(path: string): ProcessLock | null;
  openLockProbe(path: string): LockProbe;
  /**
   * Calls back when the names or files in a folder change, until it is closed; it may miss a change.
   * @param failed it gives no more notices
   * @throws where the system gives none at all
   */
  watch(folder: string, changed: () => void, failed: () => void): { close(): void };
}

export interface FileFacts {
  readonly bytes: number;
  readonly changedAtMs: number;
  readonly isFolder: boolean;
}

const openAsync = promisify(open);
const closeAsync = promisify(close);
const truncateAsync = promisify(ftruncate);
const fsyncAsync = promisify(fsync);
const statfsAsync = promisify(statfs) as (path: string, options: { bigint: true }) => Promise<BigIntStatsFs>;

/** Usages are health data: the owner alone may read them. */
const fileMode = 0o600;
const folderMode = 0o700;
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;

export const durableFiles: DurableFiles = {
  create: (path) => openAsync(path, createFlags, fileMode),
  openToWrite: (path) => openAsync(path, constants.O_WRONLY | constants.O_DSYNC),
  write: (fd, buffers, offset, done) => writev(fd, buffers, offset, done),
  truncate: truncateAsync,
  close: closeAsync,
  rename,
  link,
  remove: async (path) => void (await noneIsNull(unlink(path))),
  makeFolder: (path) => makeFolder(path, folderMode),
  removeAll: (path) => rm(path, { recursive: true, force: true }),
  async syncFolder(path) {
    const fd = await openAsync(path, constants.O_RDONLY);
    try {
      await fsyncAsync(fd);
    } finally {
      await closeAsync(fd);
    }
  },
  writeText: (path, text) => writeFile(path, text, { mode: fileMode }),
  setTime: async (path, ms) => void (await noneIsNull(utimes(path, ms / 1000, ms / 1000))),

  open: (path) => noneIsNull(openAsync(path, constants.O_RDONLY)),
  read: (fd, buffer, at, length, offset) =>
    new Promise((resolve, reject) => {
      read(fd, buffer, at, length, offset, (error, got) => (error ? reject(error) : resolve(got)));
    }),
  statOpen(fd) {
    // Never waits for the disk, and costs less than a thread hop.
    const { size, nlink } = fstatSync(fd);
    return { bytes: size, names: nlink };
  },
  async stat(path) {
    const facts = await noneIsNull(stat(path));
    return facts && { bytes: facts.size, changedAtMs: facts.mtimeMs, isFolder: facts.isDirectory() };
  },
  readText: (path) => noneIsNull(readFile(path, 'latin1')),
  list: (path) => noneIsNull(readdir(path)),
  async freeBytes(path) {
    const { bavail, bsize } = await statfsAsync(path, { bigint: true });
    return Number(bavail * bsize);
  },

  tryLock,
  openLockProbe,
  watch(folder, changed, failed) {
    const watcher = watch(folder, { encoding: 'buffer' }, changed);
    return watcher.on('error', failed);
  },
};

async function noneIsNull<T>(result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Writes a whole buffer with one write. @throws ShortWriteError where the file took only a part */
export function writeWhole(files: DurableFiles, fd: number, bytes: Buffer, offset: number): Promise<void> {
  return new Promise((resolve, reject) => {
    files.write(fd, [bytes], offset, (error, written) => {
      if (error) reject(error);
      else if (written !== bytes.length) reject(new ShortWriteError(written, bytes.length));
      else resolve();
    });
  });
}

/** A write took fewer bytes than given: the disk, a quota or a limit on the file is full. */
export class ShortWriteError extends Error {
  override readonly name = 'ShortWriteError';
  constructor(written: number, bytes: number) {
    super(`only ${written} of ${bytes} bytes were written`);
  }
}

/** Makes a small file with its content durable; its name is not yet. */
export async function createWhole(files: DurableFiles, path: string, text: string): Promise<void> {
  await files.remove(path);
  const fd = await files.create(path);
  try {
    await writeWhole(files, fd, Buffer.from(text, 'latin1'), 0);
  } finally {
    await files.close(fd);
  }
}

/** Replaces a small file's content at once, durably: a reader sees the old or the new. */
export async function replaceFile(files: DurableFiles, path: string, text: string): Promise<void> {
  const making = `${path}.making`;
  await createWhole(files, making, text);
  await files.rename(making, path);
  await files.syncFolder(dirname(path));
}
