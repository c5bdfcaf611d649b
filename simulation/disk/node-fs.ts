/** `node:fs` on the virtual disk, as far as the product uses it. A call that is missing here does not link. */

import { EventEmitter } from 'node:events';
import { constants as realConstants } from 'node:fs';
import { thisProcess, world } from '../world/world.ts';
import { DiskError, type OpenFile } from './disk.ts';

export type { BigIntStatsFs, FSWatcher } from 'node:fs';
export { readFileSync } from 'node:fs';
export const constants = realConstants;

/** Node calls back with the result after null, or with an error alone. */
type Done<T extends unknown[]> = (error: Error | null, ...result: T | []) => void;

/** Does `work` some time later, and tells of it to whoever lives to hear it. */
export function later<T>(work: () => T, done: (error: Error | null, result?: T) => void): void {
  const { scheduler, disk } = world();
  const process = scheduler.current;
  // What was handed to the kernel happens, whatever becomes of the process.
  scheduler.after(
    disk.latencyMs(),
    () => {
      let result: T;
      try {
        result = work();
      } catch (error) {
        return tell(process, () => done(error as Error));
      }
      tell(process, () => done(null, result));
    },
    null,
  );

  function tell(to: typeof process, how: () => void): void {
    if (to && !to.alive) return;
    scheduler.current = to;
    how();
  }
}

export function open(
  path: string,
  flags: number,
  ...rest: [number, Done<[number]>] | [Done<[number]>]
): void {
  const done = rest.at(-1) as Done<[number]>;
  const process = thisProcess();
  later(
    () => openAs(process, () => openNow(path, flags).fd),
    (error, fd) => (error ? done(error) : done(null, fd as number)),
  );
}

export function openNow(path: string, flags: number): OpenFile {
  const { disk } = world();
  const creates = (flags & constants.O_CREAT) !== 0;
  const writes = (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0;
  if (!writes && disk.happens('read')) throw new DiskError('EIO', path);
  const isThere = disk.exists(path);
  if (isThere && creates && (flags & constants.O_EXCL) !== 0) throw new DiskError('EEXIST', path);
  const node = isThere || !creates ? disk.find(path) : disk.create(path);
  if (isThere && node.kind === 'file' && (flags & constants.O_TRUNC) !== 0) node.truncate(0);
  return disk.open(path, node, (flags & constants.O_DSYNC) !== 0);
}

/** Opened by a process, or by nobody who lives. */
export function openAs<T>(process: ReturnType<typeof thisProcess>, work: () => T): T {
  const { scheduler } = world();
  const before = scheduler.current;
  scheduler.current = process.alive ? process : null;
  try {
    return work();
  } finally {
    scheduler.current = before;
  }
}

export function close(fd: number, done: Done<[]>): void {
  later(
    () => void world().disk.files.delete(world().disk.opened(fd).fd),
    (error) => done(error),
  );
}

export function fsync(fd: number, done: Done<[]>): void {
  later(
    () => syncNow(world().disk.opened(fd)),
    (error) => done(error),
  );
}

export const fdatasync = fsync;

export function syncNow(file: OpenFile): void {
  const { disk } = world();
  if (file.node.kind === 'folder') {
    disk.syncFolder(file.node, file.path);
    return;
  }
  if (disk.happens('writeback')) throw new DiskError('EIO', file.path);
  file.node.sync();
  const error = disk.takeWritebackError(file);
  if (error) throw error;
}

export function ftruncate(fd: number, size: number, done: Done<[]>): void {
  later(
    () => {
      const { node } = world().disk.opened(fd);
      if (node.kind === 'file') node.truncate(size);
    },
    (error) => done(error),
  );
}

export function rename(from: string, to: string, done: Done<[]>): void {
  later(
    () => world().disk.rename(from, to),
    (error) => done(error),
  );
}

export function unlink(path: string, done: Done<[]>): void {
  later(
    () => world().disk.remove(path),
    (error) => done(error),
  );
}

export function statfs(
  path: string,
  _options: unknown,
  done: Done<[{ bavail: bigint; bsize: bigint }]>,
): void {
  later(
    () => {
      const { disk } = world();
      disk.find(path);
      return { bavail: BigInt(Math.max(0, disk.capacity - disk.usedBytes)), bsize: 1n };
    },
    (error, result) => (error ? done(error) : done(null, result!)),
  );
}

/**
 * On a file opened with O_DSYNC it ends once the bytes are on disk, in three steps that others may come between:
 * the bytes are seen, they are written back or that fails, and the error, if this open file was not told of one, is
 * reported.
 */
export function writev(fd: number, buffers: Buffer[], offset: number, done: Done<[number]>): void {
  const { disk, scheduler } = world();
  const bytes = Buffer.concat(buffers);
  later(
    () => {
      const file = disk.opened(fd);
      return { file, part: disk.write(file, offset, bytes) };
    },
    (error, written) => {
      if (error) return done(error, 0);
      const { file, part } = written!;
      if (!file.isSynced) return done(null, part.length);
      const process = scheduler.current;
      scheduler.after(
        disk.latencyMs(),
        () => {
          disk.writeBack(file, offset, part);
          scheduler.after(
            disk.latencyMs(),
            () => {
              const failure = disk.takeWritebackError(file);
              if (failure) done(failure, 0);
              else done(null, part.length);
            },
            process,
          );
        },
        null,
      );
    },
  );
}

export function write(
  fd: number,
  buffer: Buffer,
  at: number,
  length: number,
  offset: number,
  done: Done<[number]>,
): void {
  writev(fd, [buffer.subarray(at, at + length)], offset, done);
}

export function read(
  fd: number,
  buffer: Buffer,
  at: number,
  length: number,
  offset: number,
  done: Done<[number]>,
): void {
  later(
    () => {
      const { disk } = world();
      const file = disk.opened(fd);
      if (disk.happens('read')) throw new DiskError('EIO', file.path);
      if (file.node.kind !== 'file') throw new DiskError('EISDIR', file.path);
      return file.node.read(offset, length).copy(buffer, at);
    },
    (error, got) => (error ? done(error, 0) : done(null, got as number)),
  );
}

export function fstatSync(fd: number): { size: number; nlink: number } {
  const { node } = world().disk.opened(fd);
  return { size: node.kind === 'file' ? node.size : 0, nlink: node.nlink };
}

class Watcher extends EventEmitter {
  readonly #close: () => void;
  constructor(path: string, tell: () => void) {
    super();
    this.#close = world().disk.watch(path, world().scheduler.current, () => {
      if (this.listenerCount('error') >= 0) tell();
    });
  }
  close(): void {
    this.#close();
  }
}

export function watch(path: string, _options: unknown, tell: () => void): Watcher {
  return new Watcher(path, tell);
}
