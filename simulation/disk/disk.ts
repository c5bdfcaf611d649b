/**
 * A file system that forgets what was not synced and fails as real ones do. Everything here happens at once; the
 * virtual `node:fs` (node-fs.ts) says when, and tells of it later.
 */

import type { Random } from '../world/random.ts';
import type { Process, Scheduler } from '../world/scheduler.ts';
import { FileNode, FolderNode, type Node } from './inode.ts';

/** What may go wrong while a fault lasts, each with its probability a call. */
export interface DiskFaults {
  /** Write-back of a write that waits for it fails; the error is reported once an open file. */
  writeback: number;
  /** A write takes fewer bytes than given, because no space is left. */
  shortWrite: number;
  /** Making a file or a folder fails. */
  create: number;
  /** Renaming fails, with nothing done. */
  rename: number;
  /** Syncing a folder fails; its names may have become durable or not. */
  syncFolder: number;
  /** Opening, reading or listing fails, though all is there. */
  read: number;
  /** A folder looks as if it were not there. */
  vanish: number;
  /** Removing fails. */
  remove: number;
  /** A call takes up to a few seconds. */
  slow: number;
  /** A notice of a change is lost. */
  loseNotice: number;
}

export const noDiskFaults: DiskFaults = {
  writeback: 0,
  shortWrite: 0,
  create: 0,
  rename: 0,
  syncFolder: 0,
  read: 0,
  vanish: 0,
  remove: 0,
  slow: 0,
  loseNotice: 0,
};

export class DiskError extends Error {
  readonly code: string;
  readonly errno = -1;
  constructor(code: string, what: string) {
    super(`${code}: ${what}`);
    this.code = code;
  }
}

export interface OpenFile {
  readonly fd: number;
  readonly path: string;
  readonly node: Node;
  readonly isSynced: boolean;
  readonly process: Process | null;
  /** Up to where this open file was told of failed write-back. */
  toldErrors: number;
}

interface Watcher {
  readonly node: FolderNode;
  readonly process: Process | null;
  readonly tell: () => void;
}

const firstFd = 20;

/** More than a schedule writes. */
export const diskBytes = 64 * 1024 * 1024;

export class Disk {
  faults: DiskFaults = noDiskFaults;
  /** Bytes that fit. */
  capacity = diskBytes;
  readonly root: FolderNode;
  /** A file's last name went. */
  onRemoved: (path: string, node: FileNode) => void = () => {};
  /** What was seen, perhaps read, is not there any more: its write-back failed. */
  onDropped: () => void = () => {};
  readonly files = new Map<number, OpenFile>();
  readonly #scheduler: Scheduler;
  readonly #chance: Random;
  readonly #watchers = new Set<Watcher>();
  #nextFd = firstFd;
  #nextNode = 1;

  constructor(scheduler: Scheduler, chance: Random) {
    this.#scheduler = scheduler;
    this.#chance = chance;
    this.root = new FolderNode(0, 0);
  }

  happens(fault: keyof DiskFaults): boolean {
    const probability = this.faults[fault];
    return probability > 0 && this.#chance.chance(probability);
  }

  latencyMs(): number {
    if (this.happens('slow')) return this.#chance.integer(20, 3_000);
    return 0.02 + this.#chance.fraction() * 0.4;
  }

  get usedBytes(): number {
    let total = 0;
    const add = (folder: FolderNode) => {
      for (const node of folder.entries.values()) {
        if (node.kind === 'file') total += node.size;
        else add(node);
      }
    };
    add(this.root);
    return total;
  }

  find(path: string): Node {
    let node: Node = this.root;
    for (const name of partsOf(path)) {
      if (node.kind !== 'folder') throw new DiskError('ENOTDIR', path);
      const next: Node | undefined = node.entries.get(name);
      if (!next) throw new DiskError('ENOENT', path);
      node = next;
    }
    return node;
  }

  folder(path: string): FolderNode {
    const node = this.find(path);
    if (node.kind !== 'folder') throw new DiskError('ENOTDIR', path);
    return node;
  }

  file(path: string): FileNode {
    const node = this.find(path);
    if (node.kind !== 'file') throw new DiskError('EISDIR', path);
    return node;
  }

  exists(path: string): boolean {
    try {
      this.find(path);
      return true;
    } catch {
      return false;
    }
  }

  /** Makes an empty file. */
  create(path: string): FileNode {
    const { folder, name } = this.#parent(path);
    if (folder.entries.has(name)) throw new DiskError('EEXIST', path);
    if (this.happens('create')) throw new DiskError(this.#fullOrBroken(), path);
    const node = new FileNode(this.#nextNode++, this.#now());
    folder.change([{ name, node }]);
    this.#changed(folder);
    return node;
  }

  makeFolder(path: string): void {
    const { folder, name } = this.#parent(path);
    if (folder.entries.has(name)) throw new DiskError('EEXIST', path);
    if (this.happens('create')) throw new DiskError(this.#fullOrBroken(), path);
    folder.change([{ name, node: new FolderNode(this.#nextNode++, this.#now()) }]);
    this.#changed(folder);
  }

  link(from: string, to: string): void {
    const node = this.file(from);
    const { folder, name } = this.#parent(to);
    if (folder.entries.has(name)) throw new DiskError('EEXIST', to);
    folder.change([{ name, node }]);
    this.#changed(folder);
  }

  rename(from: string, to: string): void {
    const node = this.find(from);
    const source = this.#parent(from);
    const target = this.#parent(to);
    if (source.folder !== target.folder) throw new Error(`${from} is renamed across folders`);
    if (this.happens('rename')) throw new DiskError('EIO', from);
    source.folder.change([
      { name: source.name, node: null },
      { name: target.name, node },
    ]);
    this.#changed(source.folder);
  }

  remove(path: string): void {
    const node = this.find(path);
    if (this.happens('remove')) throw new DiskError('EIO', path);
    if (node.kind === 'folder' && node.entries.size > 0) throw new DiskError('ENOTEMPTY', path);
    const { folder, name } = this.#parent(path);
    folder.change([{ name, node: null }]);
    if (node.kind === 'file' && node.nlink === 0) this.onRemoved(path, node);
    this.#changed(folder);
  }

  open(path: string, node: Node, isSynced: boolean): OpenFile {
    const process = this.#scheduler.current;
    const toldErrors = node.kind === 'file' ? node.writebackErrors : 0;
    const file = { fd: this.#nextFd++, path, node, isSynced, process, toldErrors };
    this.files.set(file.fd, file);
    process?.onEnd.push(() => this.files.delete(file.fd));
    return file;
  }

  opened(fd: number): OpenFile {
    const file = this.files.get(fd);
    if (!file) throw new DiskError('EBADF', `descriptor ${fd}`);
    return file;
  }

  /** @returns bytes taken, which may be too few; what was taken is seen from now on, and durable only once synced */
  write(file: OpenFile, offset: number, bytes: Buffer): Buffer {
    const node = file.node as FileNode;
    const grows = Math.max(0, offset + bytes.length - node.size);
    const free = this.capacity - this.usedBytes;
    let taken = bytes.length;
    if (grows > free) taken = Math.max(0, bytes.length - (grows - Math.max(0, free)));
    else if (this.happens('shortWrite')) taken = this.#chance.integer(0, bytes.length - 1);
    if (taken === 0 && bytes.length > 0) throw new DiskError('ENOSPC', file.path);
    const part = taken === bytes.length ? bytes : bytes.subarray(0, taken);
    node.write(offset, part);
    node.mtimeMs = this.#now();
    this.#changedFile(file.path);
    return part;
  }

  /** What a synced write, or fsync of a file, ends with: an error that this open file was not told of yet. */
  takeWritebackError(file: OpenFile): DiskError | null {
    const node = file.node as FileNode;
    if (file.toldErrors === node.writebackErrors) return null;
    file.toldErrors = node.writebackErrors;
    return new DiskError('EIO', file.path);
  }

  /** Write-back of what one write brought. */
  writeBack(file: OpenFile, offset: number, bytes: Buffer): void {
    const node = file.node as FileNode;
    if (this.happens('writeback')) {
      const isDropped = this.#chance.chance(0.6);
      node.loseWrite(bytes, isDropped);
      if (isDropped) this.onDropped();
    } else node.syncWrite(offset, bytes);
  }

  syncFolder(folder: FolderNode, path: string): void {
    if (this.happens('syncFolder')) {
      if (this.#chance.chance(0.3)) folder.sync();
      throw new DiskError('EIO', path);
    }
    folder.sync();
  }

  watch(path: string, process: Process | null, tell: () => void): () => void {
    const watcher = { node: this.folder(path), process, tell };
    this.#watchers.add(watcher);
    const close = () => this.#watchers.delete(watcher);
    process?.onEnd.push(close);
    return close;
  }

  /** Everything that was not durable goes; whatever was open is closed. */
  losePower(): void {
    this.root.losePower(this.#chance);
    this.files.clear();
    this.#watchers.clear();
  }

  touch(node: Node, mtimeMs: number): void {
    node.mtimeMs = mtimeMs;
  }

  #now(): number {
    return Date.now();
  }

  #fullOrBroken(): string {
    return this.#chance.chance(0.5) ? 'ENOSPC' : 'EIO';
  }

  #parent(path: string): { folder: FolderNode; name: string } {
    const name = partsOf(path).at(-1);
    if (name === undefined) throw new DiskError('EINVAL', path);
    return { folder: this.folder(path.slice(0, path.lastIndexOf('/'))), name };
  }

  #changedFile(path: string): void {
    if (this.#watchers.size === 0) return;
    try {
      this.#changed(this.#parent(path).folder);
    } catch {
      // Its folder has another name by now; whoever watches it looks by the clock.
    }
  }

  #changed(folder: FolderNode): void {
    folder.mtimeMs = this.#now();
    for (const { node, process, tell } of this.#watchers) {
      if (node !== folder || this.happens('loseNotice')) continue;
      this.#scheduler.after(this.#chance.fraction() * 2, tell, process);
    }
  }
}

const partsKnown = new Map<string, readonly string[]>();
const partsKnownMax = 5_000;

function partsOf(path: string): readonly string[] {
  let parts = partsKnown.get(path);
  if (!parts) {
    parts = path.split('/').filter((part) => part !== '');
    if (partsKnown.size >= partsKnownMax) partsKnown.clear();
    partsKnown.set(path, parts);
  }
  return parts;
}
