/** `node:fs/promises` on the virtual disk, as far as the product uses it. */

import { constants } from 'node:fs';
import { thisProcess, world } from '../world/world.ts';
import { DiskError, type OpenFile } from './disk.ts';
import type { FolderNode, Node } from './inode.ts';
import { later, openAs, openNow, syncNow } from './node-fs.ts';

function soon<T>(work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    later(work, (error, result) => (error ? reject(error) : resolve(result as T)));
  });
}

const flagsOf: Record<string, number> = {
  r: constants.O_RDONLY,
  'r+': constants.O_RDWR,
  w: constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC,
  wx: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
};

function flagsNumber(flags: string | number): number {
  const number = typeof flags === 'number' ? flags : flagsOf[flags];
  if (number === undefined) throw new Error(`the virtual disk does not know the flags ${flags}`);
  return number;
}

class FileHandle {
  readonly #file: OpenFile;
  constructor(file: OpenFile) {
    this.#file = file;
  }
  get fd(): number {
    return this.#file.fd;
  }
  sync(): Promise<void> {
    return soon(() => syncNow(this.#file));
  }
  datasync(): Promise<void> {
    return this.sync();
  }
  writeFile(text: string | Buffer): Promise<void> {
    return soon(() => writeNow(this.#file, Buffer.from(text as string)));
  }
  readFile(encoding?: BufferEncoding): Promise<string | Buffer> {
    return soon(() => textOf(this.#file.node, this.#file.path, encoding));
  }
  stat() {
    return soon(() => statsOf(this.#file.node));
  }
  close(): Promise<void> {
    return soon(() => void world().disk.files.delete(this.#file.fd));
  }
}

function writeNow(file: OpenFile, bytes: Buffer): void {
  const part = world().disk.write(file, 0, bytes);
  if (part.length < bytes.length) throw new DiskError('ENOSPC', file.path);
}

function textOf(node: Node, path: string, encoding?: BufferEncoding): string | Buffer {
  if (world().disk.happens('read')) throw new DiskError('EIO', path);
  if (node.kind !== 'file') throw new DiskError('EISDIR', path);
  const bytes = Buffer.from(node.read(0, node.size));
  return encoding ? bytes.toString(encoding) : bytes;
}

function statsOf(node: Node) {
  return {
    size: node.kind === 'file' ? node.size : 4096,
    mtimeMs: node.mtimeMs,
    nlink: node.nlink,
    ino: node.number,
    isDirectory: () => node.kind === 'folder',
    isFile: () => node.kind === 'file',
  };
}

export function open(path: string, flags: string | number = 'r'): Promise<FileHandle> {
  const process = thisProcess();
  return soon(() => openAs(process, () => new FileHandle(openNow(path, flagsNumber(flags)))));
}

export function readFile(path: string, encoding?: BufferEncoding): Promise<string | Buffer> {
  return soon(() => textOf(world().disk.find(path), path, encoding));
}

export function readdir(path: string): Promise<string[]> {
  return soon(() => {
    const { disk } = world();
    if (disk.happens('vanish')) throw new DiskError('ENOENT', path);
    if (disk.happens('read')) throw new DiskError('EIO', path);
    return [...disk.folder(path).entries.keys()];
  });
}

export function stat(path: string) {
  return soon(() => {
    if (world().disk.happens('read')) throw new DiskError('EIO', path);
    return statsOf(world().disk.find(path));
  });
}

export function mkdir(path: string, options: { recursive?: boolean } = {}): Promise<string | undefined> {
  return soon(() => {
    const { disk } = world();
    if (!options.recursive) {
      disk.makeFolder(path);
      return undefined;
    }
    let first: string | undefined;
    const parts = path.split('/').filter((part) => part !== '');
    for (let depth = 1; depth <= parts.length; depth++) {
      const each = `/${parts.slice(0, depth).join('/')}`;
      if (disk.exists(each)) continue;
      disk.makeFolder(each);
      first ??= each;
    }
    return first;
  });
}

export function link(from: string, to: string): Promise<void> {
  return soon(() => world().disk.link(from, to));
}

export function rename(from: string, to: string): Promise<void> {
  return soon(() => world().disk.rename(from, to));
}

export function unlink(path: string): Promise<void> {
  return soon(() => world().disk.remove(path));
}

export function rm(path: string, options: { recursive?: boolean; force?: boolean } = {}): Promise<void> {
  return soon(() => {
    const { disk } = world();
    if (!disk.exists(path)) {
      if (options.force) return;
      throw new DiskError('ENOENT', path);
    }
    const node = disk.find(path);
    if (node.kind === 'folder' && options.recursive) empty(path, node);
    disk.remove(path);
  });
}

function empty(path: string, folder: FolderNode): void {
  for (const [name, node] of [...folder.entries]) {
    if (node.kind === 'folder') empty(`${path}/${name}`, node);
    world().disk.remove(`${path}/${name}`);
  }
}

export function utimes(path: string, _atime: number, mtime: number): Promise<void> {
  return soon(() => world().disk.touch(world().disk.find(path), mtime * 1000));
}

export function writeFile(
  path: string,
  text: string | Buffer,
  options: { flush?: boolean } = {},
): Promise<void> {
  return soon(() => {
    const { disk } = world();
    const node = disk.exists(path) ? disk.file(path) : disk.create(path);
    node.truncate(0);
    const file = disk.open(path, node, false);
    try {
      writeNow(file, Buffer.from(text as string));
      if (options.flush) syncNow(file);
    } finally {
      disk.files.delete(file.fd);
    }
  });
}
