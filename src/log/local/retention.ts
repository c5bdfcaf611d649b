/**
 * Lets go of stored segments: those kept long enough, and the oldest ones first where the log comes near its
 * bound. A segment's mtime is set to the time at which it was stored, so that it is kept that long from then on.
 */

import type { Logger } from '../../observability/logger.ts';
import { createTrouble, type Trouble } from '../../observability/told.ts';
import type { DurableFiles } from './durable-files.ts';
import { segmentPath } from './folders.ts';
import { storedAtMs, writeStored, writeTombstone } from './mark.ts';
import type { PartitionReader, SegmentFacts } from './partition-reader.ts';
import { segmentFooterBytes, segmentHeaderBytes } from './segment-format.ts';

export interface RetentionOptions {
  readonly keepHours: number;
  readonly bytesMax: number;
  readonly segmentBytes: number;
  readonly logger: Logger;
  readonly files: DurableFiles;
  /** Those that were handed over, by name. */
  readonly partitions: ReadonlyMap<string, PartitionReader>;
}

/** A segment that no appender writes any more and that is stored as a whole. */
interface Removable {
  readonly partition: Held;
  readonly base: number;
  readonly bytes: number;
  readonly storedAtMs: number;
}

/** What is known of one partition between two passes. */
interface Held {
  readonly reader: PartitionReader;
  /** The mark as it was written last: segments before it carry the time they were stored. Null until it is known. */
  marked: number | null;
  segments: SegmentFacts[];
  /** A dead partition's segments change only by our removing them. */
  isDead: boolean;
  /** Where a dead partition's records end, once that is certain. */
  end: number | null;
  /** When a partition without segments may be forgotten; null until it is looked at. */
  forgetAtMs: number | null;
  isRemoved: boolean;
  /** Something of it could not be looked at, marked or removed. */
  readonly trouble: Trouble;
}

const passMs = 500;
const hourMs = 3_600_000;
/** How long an ended partition without segments is remembered, so that a database older than it finds a gap. */
const tombstoneMs = 30 * 24 * hourMs;

export function createRetention(options: RetentionOptions) {
  const { files, logger, bytesMax, segmentBytes } = options;
  const known = new Map<string, Held>();
  let timer: NodeJS.Timeout | null = null;
  let pass: Promise<void> | null = null;
  let heldBytes = 0;

  /** Each partition by itself: what is wrong with one keeps no other from being trimmed. */
  async function run(): Promise<void> {
    const removable: Removable[] = [];
    const wrong = new Map<Held, unknown>();
    const each = async (held: Held, work: () => Promise<void>): Promise<void> => {
      await work().catch((error: unknown) => wrong.set(held, error));
    };
    for (const [name, reader] of options.partitions) {
      const held = known.get(name) ?? newHeld(reader, logger);
      known.set(name, held);
      if (held.isRemoved) continue;
      await each(held, () => look(held));
      await each(held, () => learnEnd(held));
      await each(held, async () => {
        await markStored(held);
        removable.push(...removableOf(held));
        await removeEmpty(held);
      });
    }
    await trim(removable, each);
    for (const held of known.values()) tell(held, wrong.get(held));
  }

  /** Removes what was kept long enough, and the oldest where it is tight. */
  async function trim(
    removable: Removable[],
    each: (held: Held, work: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    // Sorting is stable and a partition's own are in order: no segment goes before the ones that precede it.
    removable.sort((a, b) => a.storedAtMs - b.storedAtMs);
    const stuck = new Set<Held>();
    let { reserved, total } = bytesOf([...known.values()]);
    for (const segment of removable) {
      const { partition, bytes } = segment;
      const isOld = Date.now() - segment.storedAtMs >= options.keepHours * hourMs;
      if ((!isOld && reserved <= bytesMax) || stuck.has(partition)) continue;
      stuck.add(partition);
      await each(partition, async () => {
        await remove(segment);
        stuck.delete(partition);
        reserved -= bytes;
        total -= bytes;
      });
    }
    heldBytes = total;
  }

  /** Once when it begins, once when it is over; what is not removed now only takes room. */
  function tell({ trouble }: Held, error: unknown): void {
    if (error === undefined) trouble.over();
    else trouble.failed(error);
  }

  /** What is taken, and with what living appenders may still write: the rest of a segment, and one more each. */
  function bytesOf(all: readonly Held[]): { total: number; reserved: number } {
    let [total, reserved] = [0, 0];
    for (const { segments, isDead } of all) {
      const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
      total += bytes;
      reserved += bytes;
      if (!isDead)
        reserved += segmentBytes + Math.max(0, segmentBytes - (segments.at(-1)?.bytes ?? segmentBytes));
    }
    return { total, reserved };
  }

  /** Learns a partition's segments; a dead one's once and for all. */
  async function look(held: Held): Promise<void> {
    const { reader } = held;
    if (!held.isDead) {
      // In this order: what a dead owner wrote is all there when its segments are listed.
      const isDead = reader.isDead();
      held.segments = await reader.segments();
      held.isDead = isDead;
    }
  }

  async function learnEnd(held: Held): Promise<void> {
    if (held.isDead) held.end ??= await held.reader.finalEnd();
  }

  /** Where the stored segment's successor starts, or where the last one of a dead partition ends; null: still open. */
  function endOf(held: Held, index: number): number | null {
    return held.segments[index + 1]?.base ?? held.end;
  }

  /** Sets the time of segments that became stored, then writes the mark: in this order none misses its time. */
  async function markStored(held: Held): Promise<void> {
    const mark = await held.reader.learnMark();
    held.marked ??= held.reader.markFound;
    if (mark === held.marked) return;
    const now = Date.now();
    for (const [index, segment] of held.segments.entries()) {
      const end = endOf(held, index);
      if (end === null || end <= held.marked || end > mark) continue;
      await files.setTime(segmentPath(held.reader.folder, segment.base), now);
      held.segments[index] = { ...segment, changedAtMs: now };
    }
    await writeStored(files, held.reader.folder, mark);
    held.marked = mark;
  }

  function removableOf(held: Held): Removable[] {
    const removable: Removable[] = [];
    let storedAtMs = 0;
    for (const [index, segment] of held.segments.entries()) {
      const end = endOf(held, index);
      if (end === null || held.marked === null || end > held.marked) break;
      // A clock that was set back must not let a later segment go before an earlier one.
      storedAtMs = Math.max(storedAtMs, segment.changedAtMs);
      removable.push({ partition: held, base: segment.base, bytes: segment.bytes, storedAtMs });
    }
    return removable;
  }

  async function remove({ partition, base }: Removable): Promise<void> {
    const { folder } = partition.reader;
    if (partition.segments.length === 1) await writeTombstone(files, folder, partition.marked!);
    await files.remove(segmentPath(folder, base));
    partition.segments = partition.segments.filter((segment) => segment.base !== base);
  }

  /** Removes a dead partition that nothing was ever appended to, or that was remembered long enough. */
  async function removeEmpty(held: Held): Promise<void> {
    if (!held.isDead || held.segments.length > 1) return;
    const segment = held.segments[0];
    if (segment ? segment.base > 0 || !isBare(segment.bytes) : !(await isForgotten(held))) return;
    await held.reader.remove();
    held.isRemoved = true;
    held.segments = [];
  }

  /** An ended partition without segments: never appended to at all, or its tombstone is old enough. */
  async function isForgotten(held: Held): Promise<boolean> {
    if (held.reader.mark === 0) return true;
    held.forgetAtMs ??= ((await storedAtMs(files, held.reader.folder)) ?? Date.now()) + tombstoneMs;
    return Date.now() >= held.forgetAtMs;
  }

  function isBare(bytes: number): boolean {
    return bytes === segmentHeaderBytes || bytes === segmentHeaderBytes + segmentFooterBytes;
  }

  function schedule(): void {
    timer = setTimeout(() => {
      pass = run().then(() => {
        pass = null;
        if (timer) schedule();
      });
    }, passMs);
  }

  return {
    bytes: () => ({ held: heldBytes, max: bytesMax }),
    start: schedule,
    /** Marks what is stored by now. */
    async stop(): Promise<void> {
      if (timer) clearTimeout(timer);
      timer = null;
      await pass;
      await run();
    },
  };
}

function newHeld(reader: PartitionReader, logger: Logger): Held {
  return {
    reader,
    marked: null,
    segments: [],
    isDead: false,
    end: null,
    forgetAtMs: null,
    isRemoved: false,
    trouble: createTrouble(logger, 'log_retention_failed', { partition: reader.name }),
  };
}
