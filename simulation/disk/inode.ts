/**
 * A file or a folder as a disk and a kernel have it: what is seen now, and what a power cut would leave. Nothing of a
 * file is durable before it is synced; a name is durable once its folder is, apart from what it names.
 */

import type { Random } from '../world/random.ts';

/** Written and not synced: a power cut may take it, all or a part. */
interface Dirty {
  readonly offset: number;
  readonly bytes: Buffer;
}

export class FileNode {
  readonly kind = 'file';
  readonly number: number;
  mtimeMs: number;
  nlink = 0;
  /** Who holds SQLite's exclusive lock on it. */
  lockedBy: object | null = null;
  /** How often write-back failed; each open file remembers up to where it was told, as Linux does (errseq_t). */
  writebackErrors = 0;
  #seen: Buffer = Buffer.alloc(0);
  #durable: Buffer = Buffer.alloc(0);
  #dirty: Dirty[] = [];
  #isSizeDirty = false;

  constructor(number: number, mtimeMs: number) {
    this.number = number;
    this.mtimeMs = mtimeMs;
  }

  get size(): number {
    return this.#seen.length;
  }

  read(offset: number, length: number): Buffer {
    return this.#seen.subarray(offset, Math.max(offset, Math.min(this.#seen.length, offset + length)));
  }

  write(offset: number, bytes: Buffer): void {
    this.#seen = laid(this.#seen, offset, bytes);
    this.#dirty.push({ offset, bytes });
  }

  truncate(size: number): void {
    this.#seen = resized(this.#seen, size);
    this.#isSizeDirty = true;
  }

  /** Everything that was written is durable. */
  sync(): void {
    this.#durable = Buffer.from(this.#seen);
    this.#dirty = [];
    this.#isSizeDirty = false;
  }

  /** One write is durable, and the size it needs; others may not be (O_DSYNC). */
  syncWrite(offset: number, bytes: Buffer): void {
    if (this.#isSizeDirty) {
      this.#durable = resized(this.#durable, this.#seen.length);
      this.#isSizeDirty = false;
    }
    this.#durable = laid(this.#durable, offset, bytes);
    this.#dirty = this.#dirty.filter((each) => each.bytes !== bytes);
  }

  /**
   * Write-back of one write failed. Linux keeps the page as if it were clean, and sooner or later drops it.
   * @param isDropped reads see what the disk has from now on
   */
  loseWrite(bytes: Buffer, isDropped: boolean): void {
    const lost = this.#dirty.find((each) => each.bytes === bytes);
    this.#dirty = this.#dirty.filter((each) => each !== lost);
    this.writebackErrors += 1;
    if (!lost || !isDropped) return;
    const { offset } = lost;
    const before = Buffer.alloc(bytes.length);
    this.#durable.subarray(offset, offset + bytes.length).copy(before);
    this.#seen = laid(this.#seen, offset, before);
  }

  /** What the file is after a power cut: of what was not synced, each write whole, in part or not at all. */
  losePower(chance: Random): void {
    let left = this.#durable;
    for (const { offset, bytes } of this.#dirty) {
      const kept = chance.chance(0.4)
        ? bytes.length
        : chance.chance(0.5)
          ? 0
          : chance.integer(0, bytes.length);
      if (kept > 0) left = laid(left, offset, bytes.subarray(0, kept));
      // The size may be there without the bytes.
      else if (chance.chance(0.3) && left.length < offset + bytes.length)
        left = resized(left, offset + bytes.length);
    }
    this.#seen = Buffer.from(left);
    this.#durable = Buffer.from(left);
    this.#dirty = [];
    this.#isSizeDirty = false;
    this.lockedBy = null;
  }

  /** Damages what is there for good, as a bad sector or a person does. */
  spoil(offset: number, bytes: Buffer): void {
    this.#seen = laid(this.#seen, offset, bytes);
    this.#durable = laid(this.#durable, offset, bytes);
  }
}

type NameChange = { readonly name: string; readonly node: Node | null };

export class FolderNode {
  readonly kind = 'folder';
  readonly number: number;
  mtimeMs: number;
  nlink = 1;
  readonly entries = new Map<string, Node>();
  #durable = new Map<string, Node>();
  /** Each a set of changes that come together (a rename), in their order; not synced. */
  #pending: NameChange[][] = [];

  constructor(number: number, mtimeMs: number) {
    this.number = number;
    this.mtimeMs = mtimeMs;
  }

  change(changes: NameChange[]): void {
    for (const { name, node } of changes) {
      const before = this.entries.get(name);
      if (before) before.nlink -= 1;
      if (node) {
        node.nlink += 1;
        this.entries.set(name, node);
      } else this.entries.delete(name);
    }
    this.#pending.push(changes);
  }

  sync(): void {
    this.#durable = new Map(this.entries);
    this.#pending = [];
  }

  /** A journal keeps the order of changes within a folder: some first ones of them may be there. */
  losePower(chance: Random): void {
    const left = new Map(this.#durable);
    const kept = chance.integer(0, this.#pending.length);
    for (const changes of this.#pending.slice(0, kept))
      for (const { name, node } of changes) {
        if (node) left.set(name, node);
        else left.delete(name);
      }
    this.entries.clear();
    for (const [name, node] of left) this.entries.set(name, node);
    this.#durable = left;
    this.#pending = [];
    for (const node of this.entries.values()) {
      node.losePower(chance);
      node.nlink = 1;
    }
  }
}

export type Node = FileNode | FolderNode;

function laid(on: Buffer, offset: number, bytes: Buffer): Buffer {
  const whole = on.length >= offset + bytes.length ? on : resized(on, offset + bytes.length);
  bytes.copy(whole, offset);
  return whole;
}

/** Always a buffer of its own. */
function resized(from: Buffer, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  from.copy(bytes, 0, 0, Math.min(size, from.length));
  return bytes;
}
