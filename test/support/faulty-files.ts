/** Real files whose operations a test can make fail, fall short or take long. */

import { type DurableFiles, durableFiles } from '../../src/log/local/durable-files.ts';

export interface FaultyFiles extends DurableFiles {
  /** Called before each write; what it throws is the write's error. */
  onWrite: ((bytes: number) => void | Promise<void>) | null;
  /** Bytes that the next writes may still lay; past them a write falls short, then fails with ENOSPC. */
  bytesLeft: number;
  /** Lays all bytes of a write and says that it failed. */
  isLying: boolean;
  /** Error of each of these while set. */
  failing: { create?: Error; rename?: Error; syncFolder?: Error; freeBytes?: Error };
  /** What looks at or clears a path that holds this text fails with EIO while it is set. */
  unreadable: string | null;
}

/** An error as the system gives it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Operations by which a path is looked at or cleared, which fail for some paths. */
function unreadableOf(isUnreadable: (path: string) => boolean): Partial<DurableFiles> {
  const guard = <A extends unknown[], T>(operation: (path: string, ...rest: A) => Promise<T>) =>
    async function guarded(path: string, ...rest: A): Promise<T> {
      if (isUnreadable(path)) throw systemError('EIO');
      return operation(path, ...rest);
    };
  const { open, stat, list, readText, removeAll, remove } = durableFiles;
  return {
    open: guard(open),
    stat: guard(stat),
    list: guard(list),
    readText: guard(readText),
    removeAll: guard(removeAll),
    remove: guard(remove),
  };
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
    unreadable: null,
    ...unreadableOf((path) => files.unreadable !== null && path.includes(files.unreadable)),
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
