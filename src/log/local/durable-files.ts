/** The few file operations that durability hangs on, in one place so that a test can make each of them fail. */

import {
  type BigIntStatsFs,
  close,
  constants,
  fsync,
  ftruncate,
  open,
  rename,
  statfs,
  unlink,
  writev,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../../system/errno.ts';

export interface DurableFiles {
  /** Makes a file that must not exist yet, for writes that return once they are on disk (O_DSYNC). */
  create(path: string): Promise<number>;
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
  /** Removes a file; none there is as good. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Bytes that the file system of a folder still has for us. */
  freeBytes(path: string): Promise<number>;
}

const openAsync = promisify(open);
const closeAsync = promisify(close);
const truncateAsync = promisify(ftruncate);
const fsyncAsync = promisify(fsync);
const renameAsync = promisify(rename);
const unlinkAsync = promisify(unlink);
const statfsAsync = promisify(statfs) as (path: string, options: { bigint: true }) => Promise<BigIntStatsFs>;

/** Usages are health data: the owner alone may read them. */
const fileMode = 0o600;
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;

export const durableFiles: DurableFiles = {
  create: (path) => openAsync(path, createFlags, fileMode),
  write: (fd, buffers, offset, done) => writev(fd, buffers, offset, done),
  truncate: truncateAsync,
  close: closeAsync,
  rename: renameAsync,
  async remove(path) {
    try {
      await unlinkAsync(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  },
  async syncFolder(path) {
    const fd = await openAsync(path, constants.O_RDONLY);
    try {
      await fsyncAsync(fd);
    } finally {
      await closeAsync(fd);
    }
  },
  async freeBytes(path) {
    const { bavail, bsize } = await statfsAsync(path, { bigint: true });
    return Number(bavail * bsize);
  },
};

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

/** Replaces a small file's content at once: a reader sees the old or the new; durable where `isDurable`. */
export async function replaceFile(files: DurableFiles, path: string, bytes: Buffer): Promise<void> {
  const making = `${path}.making`;
  await files.remove(making);
  const fd = await files.create(making);
  try {
    await writeWhole(files, fd, bytes, 0);
  } finally {
    await files.close(fd);
  }
  await files.rename(making, path);
  await files.syncFolder(dirname(path));
}
