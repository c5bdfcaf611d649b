/**
 * Counts the records of one partition that are not stored yet, at the cost of what is new since the last count:
 * records that were handed over are known; those after them are hopped over by their lengths, whole segments by
 * the count in their footer.
 */

import { HandedOut } from '../handed-out.ts';
import type { LogRecord } from '../record.ts';
import type { DurableFiles } from './durable-files.ts';
import { SegmentReader } from './segment-reader.ts';

export class Backlog {
  readonly #files: DurableFiles;
  readonly #folder: string;
  readonly #uuid: string;
  readonly #handed = new HandedOut();
  /** Where the next record to be handed over starts. */
  #readAt: number;
  /** Records from `#readAt` to `#countedTo`. */
  #ahead = 0;
  #countedTo: number;
  /** When the record at `#readAt` was received, once it was looked at. */
  #oldestAhead: { readonly at: number; readonly receivedAtMs: number | null } | null = null;

  constructor(files: DurableFiles, folder: string, uuid: string, stored: number) {
    this.#files = files;
    this.#folder = folder;
    this.#uuid = uuid;
    this.#readAt = stored;
    this.#countedTo = stored;
  }

  handed(records: readonly LogRecord[]): void {
    this.#handed.add(records);
    const last = records.at(-1)!.next;
    // Read again from an earlier position, or on past a hole: what was counted from elsewhere is void.
    const isBack = records[0]!.position < this.#readAt;
    const isCounted = !isBack && last <= this.#countedTo;
    this.#ahead = isCounted ? Math.max(0, this.#ahead - records.length) : 0;
    if (!isCounted) this.#countedTo = last;
    this.#readAt = last;
  }

  stored(position: number): void {
    this.#handed.stored(position);
    if (this.#handed.count > 0 || position <= this.#readAt) return;
    this.#readAt = position;
    this.#countedTo = position;
    this.#ahead = 0;
  }

  /** @param bases of the partition's segments, ascending */
  async count(bases: readonly number[]): Promise<{ records: number; oldestReceivedAtMs: number | null }> {
    for (const [index, base] of bases.entries()) {
      const next = bases[index + 1];
      if (next !== undefined && next <= this.#countedTo) continue;
      await this.#countSegment(base, next);
    }
    const records = this.#handed.count + this.#ahead;
    if (records === 0) return { records, oldestReceivedAtMs: null };
    const oldest = this.#handed.oldestReceivedAtMs ?? (await this.#receivedAheadMs(bases));
    return { records, oldestReceivedAtMs: oldest };
  }

  /** Counts on within one segment, and to the start of the next where there is one. */
  async #countSegment(base: number, next: number | undefined): Promise<void> {
    const segment = await SegmentReader.open(this.#files, this.#folder, this.#uuid, base);
    if (!segment) return;
    try {
      const from = Math.max(this.#countedTo, base);
      const footer = next === undefined || from > base ? null : await segment.footer();
      const { count, end } = footer ?? (await segment.hop(from, segment.fileEnd()));
      // A read that went on meanwhile has counted these itself.
      if (from < this.#countedTo) return;
      this.#ahead += count;
      this.#countedTo = next ?? end;
    } finally {
      await segment.close();
    }
  }

  async #receivedAheadMs(bases: readonly number[]): Promise<number | null> {
    const at = this.#readAt;
    if (this.#oldestAhead?.at === at) return this.#oldestAhead.receivedAtMs;
    const base = bases.findLast((each) => each <= at);
    const segment =
      base === undefined ? null : await SegmentReader.open(this.#files, this.#folder, this.#uuid, base);
    if (!segment) return null;
    try {
      let { records } = await segment.records(at, 1);
      // A damaged one does not tell: the one after it was received no earlier.
      const after = records[0]?.header ? null : await segment.nextRecord(at, segment.fileEnd());
      if (after !== null) ({ records } = await segment.records(after, 1));
      const receivedAtMs = records[0]?.header?.receivedAtMs ?? null;
      if (records.length > 0) this.#oldestAhead = { at, receivedAtMs };
      return receivedAtMs;
    } finally {
      await segment.close();
    }
  }
}
