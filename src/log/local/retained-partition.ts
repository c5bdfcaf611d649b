/**
 * What one partition of the local log still takes, and which of its segments may go. A segment's mtime is set to the
 * time at which it was stored, so that it is kept that long from then on.
 */

import type { Logger } from '../../observability/logger.ts';
import { createTrouble, type Trouble } from '../../observability/told.ts';
import type { DurableFiles } from './durable-files.ts';
import { segmentPath } from './folders.ts';
import { storedAtMs, writeStored, writeTombstone } from './mark.ts';
import type { PartitionReader, SegmentFacts } from './partition-reader.ts';
import { segmentFooterBytes, segmentHeaderBytes } from './segment-format.ts';

/** A segment that no appender writes any more and that is stored as a whole. */
export interface RemovableSegment {
  readonly partition: RetainedPartition;
  readonly base: number;
  readonly bytes: number;
  readonly storedAtMs: number;
}

/** How long an ended partition without segments is remembered, so that a database older than it finds a gap. */
const tombstoneMs = 30 * 24 * 3_600_000;

export class RetainedPartition {
  readonly #reader: PartitionReader;
  readonly #files: DurableFiles;
  readonly #trouble: Trouble;
  /** What went wrong first in this pass; null where nothing did. */
  #wrong: { readonly error: unknown } | null = null;
  /** The mark as it was written last: segments before it carry the time they were stored. Null until it is known. */
  #marked: number | null = null;
  #segments: SegmentFacts[] = [];
  /** A dead partition's segments change only by our removing them. */
  #isDead = false;
  /** Where a dead partition's records end, once that is certain. */
  #end: number | null = null;
  /** When a partition without segments may be forgotten; null until it is looked at. */
  #forgetAtMs: number | null = null;
  #isRemoved = false;

  constructor(reader: PartitionReader, files: DurableFiles, logger: Logger) {
    this.#reader = reader;
    this.#files = files;
    this.#trouble = createTrouble(logger, 'log_retention_failed', { partition: reader.name });
  }

  /** What its segments take, as of the last look that succeeded. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** What its owner may still write to the open segment and, where the owner lives, to one more. */
  bytesToCome(segmentBytes: number): number {
    if (this.#isDead) return 0;
    return segmentBytes + Math.max(0, segmentBytes - (this.#segments.at(-1)?.bytes ?? segmentBytes));
  }

  /** Looks, marks what became stored, and removes what is empty. @returns what may go, in order */
  async pass(): Promise<RemovableSegment[]> {
    this.#wrong = null;
    if (this.#isRemoved || !(await this.#try(() => this.#look()))) return [];
    // Where the last segment cannot be read, those before it go all the same.
    await this.#try(() => this.#learnEnd());
    if (!(await this.#try(() => this.#markStored()))) return [];
    await this.#try(() => this.#removeEmpty());
    return this.#removable();
  }

  /** @returns false where it could not be removed; none that comes after it may go then */
  remove(base: number): Promise<boolean> {
    return this.#try(async () => {
      const { folder } = this.#reader;
      if (this.#segments.length === 1) await writeTombstone(this.#files, folder, this.#marked!);
      await this.#files.remove(segmentPath(folder, base));
      this.#segments = this.#segments.filter((segment) => segment.base !== base);
    });
  }

  /** Says what went wrong since the pass began, when that began, and when it is over. */
  tell(): void {
    if (this.#wrong) this.#trouble.failed(this.#wrong.error);
    else this.#trouble.over();
  }

  async #try(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#wrong ??= { error };
      return false;
    }
  }

  /** Learns its segments; a dead one's once and for all. */
  async #look(): Promise<void> {
    if (this.#isDead) return;
    // In this order: what a dead owner wrote is all there when its segments are listed.
    const isDead = this.#reader.isDead();
    this.#segments = await this.#reader.segments();
    this.#isDead = isDead;
  }

  async #learnEnd(): Promise<void> {
    if (this.#isDead) this.#end ??= await this.#reader.finalEnd();
  }

  /** Where the segment's successor starts, or where the last one of a dead partition ends; null: still open. */
  #endOf(index: number): number | null {
    return this.#segments[index + 1]?.base ?? this.#end;
  }

  /** Sets the time of segments that became stored, then writes the mark: in this order none misses its time. */
  async #markStored(): Promise<void> {
    const mark = await this.#reader.learnMark();
    const marked = this.#marked ?? this.#reader.markFound;
    const now = Date.now();
    for (const [index, segment] of this.#segments.entries()) {
      const end = this.#endOf(index);
      if (end === null || end <= marked || end > mark) continue;
      await this.#files.setTime(segmentPath(this.#reader.folder, segment.base), now);
      this.#segments[index] = { ...segment, changedAtMs: now };
    }
    if (mark !== marked) await writeStored(this.#files, this.#reader.folder, mark);
    this.#marked = mark;
  }

  #removable(): RemovableSegment[] {
    const removable: RemovableSegment[] = [];
    let storedAtMs = 0;
    for (const [index, { base, bytes, changedAtMs }] of this.#segments.entries()) {
      const end = this.#endOf(index);
      if (end === null || end > this.#marked!) break;
      // A clock that was set back must not let a later segment go before an earlier one.
      storedAtMs = Math.max(storedAtMs, changedAtMs);
      removable.push({ partition: this, base, bytes, storedAtMs });
    }
    return removable;
  }

  /** Removes a dead partition that nothing was ever appended to, or that was remembered long enough. */
  async #removeEmpty(): Promise<void> {
    if (!this.#isDead || this.#segments.length > 1) return;
    const segment = this.#segments[0];
    if (segment ? segment.base > 0 || !isBare(segment.bytes) : !(await this.#isForgotten())) return;
    await this.#reader.remove();
    this.#isRemoved = true;
    this.#segments = [];
  }

  /** An ended partition without segments: never appended to at all, or its tombstone is old enough. */
  async #isForgotten(): Promise<boolean> {
    if (this.#reader.mark === 0) return true;
    this.#forgetAtMs ??= ((await storedAtMs(this.#files, this.#reader.folder)) ?? Date.now()) + tombstoneMs;
    return Date.now() >= this.#forgetAtMs;
  }
}

function isBare(bytes: number): boolean {
  return bytes === segmentHeaderBytes || bytes === segmentHeaderBytes + segmentFooterBytes;
}
