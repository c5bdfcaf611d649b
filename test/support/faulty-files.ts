/** Real files whose operations a test can make fail, fall short or take long. */

import { type DurableFiles, durableFiles } from '../../src/log/local/durable-files.ts';

export interface FaultyFiles extends DurableFiles {
  /** Called before each write; what it throws is the write's error. */
  onWrite: ((bytes: number) => void | Promise<void>) | null;
  /** Bytes that the next writes may still lay; past them a write falls short, then fails with ENOSPC. */
  bytesLeft: number;
  /** Lays all bytes of a write and says that it failed. */
  isLying: boolean;
  /** Error of each `create`, `rename` and `syncFolder` while set. */
  failing: { create?: Error; rename?: Error; syncFolder?: Error; freeBytes?: Error };
}

/** An error as the system gives it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

export function makeFaultyFiles(): FaultyFiles {
  const failIf = (error: Error | undefined): void => {
    if (error) throw error;
  };
  const files: FaultyFiles = {
    ...durableFiles,
    onWrite: null,
    isLying: false,
    bytesLeft: Number.POSITIVE_INFINITY,
    failing: {},
    async create(path) {
      failIf(files.failing.create);
      return durableFiles.create(path);
    },
    write(fd, buffers, offset, done): void {
      if (files.isLying) {
        durableFiles.write(fd, buffers, offset, () => done(systemError('EIO'), 0));
        return;
      }
      const bytes = Buffer.concat(buffers);
      const laid = Math.min(bytes.length, files.bytesLeft);
      if (laid === 0) {
        setImmediate(done, systemError('ENOSPC'), 0);
        return;
      }
      files.bytesLeft -= laid;
      Promise.resolve(bytes.length)
        .then((length) => files.onWrite?.(length))
        .then(
          () => durableFiles.write(fd, [bytes.subarray(0, laid)], offset, done),
          (error: Error) => done(error, 0),
        );
    },
    async rename(from, to) {
      failIf(files.failing.rename);
      return durableFiles.rename(from, to);
    },
    async syncFolder(path) {
      failIf(files.failing.syncFolder);
      return durableFiles.syncFolder(path);
    },
    async freeBytes(path) {
      failIf(files.failing.freeBytes);
      return durableFiles.freeBytes(path);
    },
  };
  return files;
}
