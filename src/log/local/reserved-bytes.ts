/**
 * How many bytes the log of this instance takes, over all partitions, counting what living appenders may still
 * write: the newest segment of a living partition, and one that is being made, count in full. So a new segment
 * that fits now fits to its end, whatever the other appenders do.
 */

import { join } from 'node:path';
import type { DurableFiles } from './durable-files.ts';
import { listPartitions, lockPath } from './folders.ts';

export class ReservedBytes {
  readonly #files: DurableFiles;
  readonly #logDir: string;
  readonly #segmentBytes: number;
  /** Partitions whose owners are known to be dead. */
  readonly #dead = new Set<string>();
  /** What each partition came to when it was counted last. */
  readonly #counted = new Map<string, number>();

  /** @param segmentBytes what a segment may come to */
  constructor(files: DurableFiles, logDir: string, segmentBytes: number) {
    this.#files = files;
    this.#logDir = logDir;
    this.#segmentBytes = segmentBytes;
  }

  /** A partition that cannot be looked at counts as it did last: no append waits for what is wrong with another's. */
  async count(): Promise<number> {
    const names = await listPartitions(this.#files, this.#logDir);
    let total = 0;
    for (const name of names) {
      const bytes = await this.#countOne(name).catch(() => null);
      if (bytes !== null) this.#counted.set(name, bytes);
      total += this.#counted.get(name) ?? 0;
    }
    return total;
  }

  async #countOne(name: string): Promise<number> {
    const folder = join(this.#logDir, name);
    const sizes = await logFileSizes(this.#files, folder);
    const newest = sizes.at(-1);
    if (newest === undefined) return 0;
    const bytes = sizes.reduce((sum, size) => sum + size);
    if (newest >= this.#segmentBytes || this.#dead.has(name)) return bytes;
    if (isOwned(this.#files, folder)) return bytes + this.#segmentBytes - newest;
    this.#dead.add(name);
    return bytes;
  }
}

function isOwned(files: DurableFiles, folder: string): boolean {
  const probe = files.openLockProbe(lockPath(folder));
  try {
    return probe.isHeld();
  } finally {
    probe.close();
  }
}

/** The sizes of a folder's segment files, in order, the one that is being made last; none where the folder is gone. */
async function logFileSizes(files: DurableFiles, folder: string): Promise<number[]> {
  const names = ((await files.list(folder)) ?? []).filter((name) => name.endsWith('.log'));
  // A dot sorts before digits; the hidden one is the newest.
  names.sort((a, b) => Number(a.startsWith('.')) - Number(b.startsWith('.')) || (a < b ? -1 : 1));
  const found = await Promise.all(names.map((name) => files.stat(join(folder, name))));
  return found.filter((facts) => facts !== null).map(({ bytes }) => bytes);
}
