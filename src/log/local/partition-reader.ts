/**
 * One partition of the local log as its reader sees it: finds the segment, hands over what is whole, waits for
 * more, and calls what is missing a gap.
 */

import { dirname, join } from 'node:path';
import type { LockProbe } from '../../system/process-lock.ts';
import { LogGapError, type LogPartition, type Relayed } from '../log.ts';
import type { LogRecord } from '../record.ts';
import { Backlog } from './backlog.ts';
import type { DurableFiles } from './durable-files.ts';
import { listSegments, lockPath, partitionUuid, removePartition, segmentPath } from './folders.ts';
import { readRelayed, readStored, writeRelayed } from './mark.ts';
import type { ReadBuffers } from './read-buffers.ts';
import { SegmentReader, type Stop } from './segment-reader.ts';
import { judgeTail } from './tail.ts';
import type { FolderWatch } from './wakeups.ts';

/** A partition of the local log, which a relay may drain into another log. */
export interface LocalPartition extends LogPartition {
  /** Everything before is stored or relayed, as far as this process was told, or the mark of an earlier one says. */
  readonly mark: number;
  /** Durable when it resolves: what is marked may be let go of here, and is read from the other log from then on. */
  markRelayed(relayed: Relayed): Promise<void>;
}

export interface SegmentFacts {
  readonly base: number;
  readonly bytes: number;
  readonly changedAtMs: number;
}

export class PartitionReader implements LocalPartition {
  readonly name: string;
  readonly folder: string;
  readonly revoked: AbortSignal;
  readonly #files: DurableFiles;
  /** Everything before is stored, as far as this process was told, or the mark says; null while neither does. */
  #mark: number | null;
  /** The mark as its file held it. */
  markFound: number;
  readonly #uuid: string;
  readonly #watch: FolderWatch;
  readonly #probe: LockProbe;
  readonly #backlog: Backlog;
  readonly #buffers: ReadBuffers;
  /** Those that were handed over with records in them, and where the last of these ends. */
  #lent: { readonly buffer: ArrayBufferLike; end: number }[] = [];
  /** Where `read` found the end of a dead partition without a footer; null until then. */
  #endedAt: number | null = null;
  #reading: Promise<unknown> = Promise.resolve();
  #isDead = false;
  /** We removed the folder. One that is not there otherwise is out of sight, and may come back. */
  #isRemoved = false;
  #isInSight = true;
  #bases: number[] = [];
  #segment: SegmentReader | null = null;

  constructor(options: {
    files: DurableFiles;
    logDir: string;
    name: string;
    /** Null where its file cannot be read. */
    mark: number | null;
    watch: FolderWatch;
    buffers: ReadBuffers;
    revoked: AbortSignal;
  }) {
    this.#files = options.files;
    this.name = options.name;
    this.folder = join(options.logDir, options.name);
    this.#mark = options.mark;
    this.markFound = options.mark ?? 0;
    this.revoked = options.revoked;
    this.#uuid = partitionUuid(options.name)!;
    this.#watch = options.watch;
    this.#buffers = options.buffers;
    this.#probe = options.files.openLockProbe(lockPath(this.folder));
    this.#backlog = new Backlog(options.files, this.folder, this.#uuid, options.mark ?? 0);
  }

  /** Everything before is stored or relayed, as far as is known. */
  get mark(): number {
    return this.#mark ?? 0;
  }

  /** The mark, read now where it could not be when the partition was found. @throws while neither is possible */
  async learnMark(): Promise<number> {
    if (this.#mark === null) {
      this.markFound = await readStored(this.#files, this.folder);
      this.#mark ??= this.markFound;
    }
    return this.#mark;
  }

  /** True once the lock was found free; that is for ever. */
  isDead(): boolean {
    if (!this.#isDead && !this.#probe.isHeld()) {
      this.#isDead = true;
      this.#probe.close();
    }
    return this.#isDead;
  }

  read(from: number, bytesMax: number, cancel?: AbortSignal): Promise<LogRecord[] | null> {
    const reading = this.#read(from, bytesMax, cancel);
    this.#reading = reading.catch(() => {});
    return reading;
  }

  async #read(from: number, bytesMax: number, cancel?: AbortSignal): Promise<LogRecord[] | null> {
    for (;;) {
      this.revoked.throwIfAborted();
      const quick = await this.#recordsAt(from, bytesMax);
      if (quick.records.length > 0) return this.#hand(quick.records);
      // Observed before the last look at the tail: see judgeTail.
      const seen = this.#watch.count;
      const isDead = this.isDead();
      await this.#list();
      const { records, stop } = await this.#recordsAt(from, bytesMax);
      if (records.length > 0) return this.#hand(records);
      const verdict = await this.#judge(from, bytesMax, isDead, stop);
      if (verdict === 'ended') return this.#ended(from);
      if (verdict === 'wait') {
        if (cancel?.aborted) return [];
        // Woken at least every tick, which is soon enough to see `cancel`.
        await this.#watch.wait(seen);
      } else if ('records' in verdict) return this.#hand(verdict.records);
      else from = verdict.next;
    }
  }

  async #judge(
    from: number,
    bytesMax: number,
    isDead: boolean,
    stop: Stop,
  ): Promise<{ next: number } | { records: LogRecord[] } | 'wait' | 'ended'> {
    if (!this.#isInSight) return 'wait';
    const segment = this.#segment;
    const isListed = this.#bases.some((base) => base <= from);
    if (!segment && !isListed) return this.#judgeEmpty(from, isDead);
    // Removed, or replaced by one of the same name, since it was listed or opened.
    if (!segment || segment.isGone()) {
      await this.#closeSegment();
      return { next: from };
    }
    const view = { files: this.#files, partition: this.name, folder: this.folder, uuid: this.#uuid };
    try {
      return await judgeTail({ ...view, bases: this.#bases, segment, isDead, from, stop });
    } catch (error) {
      if (isDead || !(error instanceof LogGapError)) throw error;
      // A living owner may have written between our look and the judgement: only what is bad still is damage.
      const { records } = await this.#recordsAt(from, bytesMax);
      if (records.length > 0) return { records };
      throw error;
    }
  }

  /** No segment starts at or before `from`. */
  #judgeEmpty(from: number, isDead: boolean): 'wait' | 'ended' {
    const first = this.#bases[0];
    const held = first ?? (isDead ? this.#tombstone() : undefined);
    if (held !== undefined && from < held) {
      const reason = from === 0 ? 'beginning_gone' : 'out_of_range';
      const text = `partition ${this.name}: nothing before ${held} is held any more, and ${from} was asked for`;
      throw new LogGapError(from, held, reason, text);
    }
    return isDead ? 'ended' : 'wait';
  }

  async bounds(): Promise<{ first: number; end: number }> {
    const bases = await this.#listInSight();
    const last = bases.at(-1);
    if (last === undefined) {
      const held = this.isDead() ? this.#tombstone() : 0;
      return { first: held, end: held };
    }
    return { first: bases[0]!, end: await this.#endOf(last) };
  }

  /** Where the whole records of the segment at `base` end. */
  async #endOf(base: number): Promise<number> {
    return this.#withSegment(base, base, async (segment) => {
      const footer = await segment.footer();
      return footer?.end ?? (await segment.hop(base, segment.fileEnd())).end;
    });
  }

  async crcBefore(position: number): Promise<number | null> {
    const bases = await this.#listInSight();
    const base = bases.findLast((each) => each < position);
    if (base === undefined) return null;
    return this.#withSegment(base, null, async (segment) => {
      const { last, end } = await segment.hop(base, position);
      if (last === null || end !== position) return null;
      const { records } = await segment.records(last, end - last);
      return records[0]?.crc ?? null;
    });
  }

  async stored(position: number): Promise<void> {
    this.#mark = position;
    this.#backlog.stored(position);
    // Nobody looks at what is stored: whoever was handed it has committed it, or lost it to another who has.
    this.#lent = this.#lent.filter(({ buffer, end }) => {
      if (end <= position) this.#buffers.give(buffer);
      return end > position;
    });
  }

  relayed(): Promise<Relayed> {
    return readRelayed(this.#files, this.folder);
  }

  markRelayed(relayed: Relayed): Promise<void> {
    return writeRelayed(this.#files, this.folder, relayed);
  }

  async backlog(): Promise<{ records: number; oldestReceivedAtMs: number | null }> {
    return this.#backlog.count(await this.#listInSight());
  }

  /**
   * Where the records of a dead partition end, once that is certain: its footer says so, or `read` looked at its
   * tail and called it the end (a hop over lengths would take damage for an end). Null until then.
   */
  async finalEnd(): Promise<number | null> {
    if (!this.isDead()) return null;
    const last = (await this.#listInSight()).at(-1);
    if (last === undefined) return this.#tombstone();
    const footer = await this.#withSegment(last, null, (segment) => segment.footer());
    return footer?.end ?? this.#endedAt;
  }

  /** Lets go of a dead partition whose folder is removed: there is nothing more to read. */
  async remove(): Promise<void> {
    await this.close();
    await removePartition(this.#files, dirname(this.folder), this.name);
    this.#isRemoved = true;
    this.#watch.close();
  }

  /** The base and size of each segment, and when it was changed last. @throws while the folder is out of sight */
  async segments(): Promise<SegmentFacts[]> {
    const segments: SegmentFacts[] = [];
    for (const base of await this.#listInSight()) {
      const facts = await this.#files.stat(segmentPath(this.folder, base));
      if (facts) segments.push({ base, bytes: facts.bytes, changedAtMs: facts.changedAtMs });
    }
    return segments;
  }

  /** Wakes a waiting read, which looks anew and at whether it was revoked. */
  wake(): void {
    this.#watch.close();
  }

  /** Wakes a waiting read and lets go of files and notices; a later call opens them again. */
  async close(): Promise<void> {
    this.#watch.close();
    await this.#reading;
    this.#probe.close();
    await this.#closeSegment();
  }

  /**
   * What stands at a position, from the segment with the greatest base at or before it, and on into those that follow:
   * else the end of each would look like the end of all to whoever stores less often while little comes.
   */
  async #recordsAt(from: number, bytesMax: number): Promise<{ records: LogRecord[]; stop: Stop }> {
    const segment = await this.#segmentAt(from);
    if (!segment) return { records: [], stop: 'end' };
    const found = await segment.records(from, bytesMax);
    const next = found.records.at(-1)?.next ?? from;
    // A next one that starts further on, or is not listed yet, is for `#judge`.
    if (next === from || next - from >= bytesMax || !this.#bases.includes(next)) return found;
    try {
      const { records, stop } = await this.#recordsAt(next, bytesMax - (next - from));
      return { records: found.records.concat(records), stop };
    } catch {
      // It comes again with the read that begins there.
      return found;
    }
  }

  async #segmentAt(from: number): Promise<SegmentReader | null> {
    const base = this.#bases.findLast((each) => each <= from);
    if (this.#segment && this.#segment.base !== base) await this.#closeSegment();
    if (base !== undefined)
      this.#segment ??= await SegmentReader.open(this.#files, this.folder, this.#uuid, base, this.#buffers);
    return this.#segment;
  }

  async #list(): Promise<number[]> {
    const bases = await listSegments(this.#files, this.folder);
    this.#isInSight = bases !== null || this.#isRemoved;
    this.#bases = bases ?? [];
    return this.#bases;
  }

  async #listInSight(): Promise<number[]> {
    const bases = await this.#list();
    if (!this.#isInSight) throw new Error(`the folder of partition ${this.name} is out of sight`);
    return bases;
  }

  /** Where a partition without segments ended: the mark is all that tells. */
  #tombstone(): number {
    if (this.#mark === null) throw new Error(`how far partition ${this.name} was stored cannot be read`);
    return this.#mark;
  }

  async #withSegment<T>(base: number, gone: T, look: (segment: SegmentReader) => Promise<T>): Promise<T> {
    const segment = await SegmentReader.open(this.#files, this.folder, this.#uuid, base);
    if (!segment) return gone;
    try {
      return await look(segment);
    } finally {
      await segment.close();
    }
  }

  #hand(records: LogRecord[]): LogRecord[] {
    // Whoever reads it again has not stored it: a database that was restored to before it.
    this.#mark &&= Math.min(this.#mark, records[0]!.position);
    this.#backlog.handed(records);
    const from = records[0]!.position;
    // Whoever reads a place again has given up what it had of it; a store that failed may still be letting go of it.
    this.#lent = this.#lent.filter(({ end }) => end <= from);
    for (const { rows, next } of records) this.#lend(rows.buffer, next);
    return records;
  }

  #lend(buffer: ArrayBufferLike, end: number): void {
    const last = this.#lent.at(-1);
    if (last?.buffer === buffer) last.end = end;
    else this.#lent.push({ buffer, end });
  }

  async #ended(from: number): Promise<null> {
    this.#endedAt = from;
    this.#watch.close();
    await this.#closeSegment();
    return null;
  }

  async #closeSegment(): Promise<void> {
    const segment = this.#segment;
    this.#segment = null;
    await segment?.close();
  }
}
