/** `node:sqlite` as far as locks need it: an exclusive transaction on an empty file, freed when its holder dies. */

import { fileURLToPath } from 'node:url';
import { world } from '../world/world.ts';
import type { FileNode } from './inode.ts';

const busy = 5;
const cannotOpen = 14;
const misuse = 21;

class SqliteError extends Error {
  readonly code = 'ERR_SQLITE_ERROR';
  readonly errcode: number;
  constructor(errcode: number, message: string) {
    super(message);
    this.errcode = errcode;
  }
}

export class DatabaseSync {
  readonly #node: FileNode;
  #isOpen = true;
  #held = false;

  constructor(path: string | URL) {
    const { disk, scheduler } = world();
    const isUrl = path instanceof URL;
    const name = isUrl ? fileURLToPath(withoutQuery(path)) : path;
    const makes = !isUrl || path.searchParams.get('mode') !== 'rw';
    try {
      this.#node = disk.exists(name) || !makes ? disk.file(name) : disk.create(name);
    } catch {
      throw new SqliteError(cannotOpen, 'unable to open database file');
    }
    scheduler.current?.onEnd.push(() => this.#free());
  }

  exec(sql: string): void {
    if (!this.#isOpen) throw new SqliteError(misuse, 'database is not open');
    if (sql === 'BEGIN EXCLUSIVE') {
      if (this.#node.lockedBy !== null && this.#node.lockedBy !== this)
        throw new SqliteError(busy, 'database is locked');
      this.#node.lockedBy = this;
      this.#held = true;
    } else if (sql === 'ROLLBACK') this.#free();
    else throw new Error(`the virtual SQLite does not know ${sql}`);
  }

  close(): void {
    this.#free();
    this.#isOpen = false;
  }

  #free(): void {
    if (this.#held && this.#node.lockedBy === this) this.#node.lockedBy = null;
    this.#held = false;
  }
}

function withoutQuery(url: URL): URL {
  const plain = new URL(url);
  plain.search = '';
  return plain;
}
