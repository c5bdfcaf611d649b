/**
 * Lets go of stored segments: those kept long enough, and the oldest ones first where the log comes near its bound.
 * Each partition by itself: what is wrong with one keeps no other from being trimmed, and only takes room.
 */

import type { Logger } from '../../observability/logger.ts';
import type { DurableFiles } from './durable-files.ts';
import type { PartitionReader } from './partition-reader.ts';
import { type RemovableSegment, RetainedPartition } from './retained-partition.ts';

export interface RetentionOptions {
  readonly keepHours: number;
  readonly bytesMax: number;
  readonly segmentBytes: number;
  readonly logger: Logger;
  readonly files: DurableFiles;
  /** Those that were handed over, by name. */
  readonly partitions: ReadonlyMap<string, PartitionReader>;
}

const passMs = 500;
const hourMs = 3_600_000;

export function createRetention(options: RetentionOptions) {
  const { files, logger, bytesMax, segmentBytes } = options;
  const retained = new Map<string, RetainedPartition>();
  let timer: NodeJS.Timeout | null = null;
  let pass: Promise<void> | null = null;
  let heldBytes = 0;

  async function run(): Promise<void> {
    const removable: RemovableSegment[] = [];
    for (const [name, reader] of options.partitions) {
      const partition = retained.get(name) ?? new RetainedPartition(reader, files, logger);
      retained.set(name, partition);
      removable.push(...(await partition.pass()));
    }
    await trim(removable);
    for (const partition of retained.values()) partition.tell();
  }

  async function trim(removable: RemovableSegment[]): Promise<void> {
    // Sorting is stable and a partition's own are in order: no segment goes before the ones that precede it.
    removable.sort((a, b) => a.storedAtMs - b.storedAtMs);
    const stuck = new Set<RetainedPartition>();
    let total = 0;
    let toCome = 0;
    for (const partition of retained.values()) {
      total += partition.bytes;
      toCome += partition.bytesToCome(segmentBytes);
    }
    for (const { partition, base, bytes, storedAtMs } of removable) {
      const isOld = Date.now() - storedAtMs >= options.keepHours * hourMs;
      const isTight = total + toCome > bytesMax;
      if ((!isOld && !isTight) || stuck.has(partition)) continue;
      if (await partition.remove(base)) total -= bytes;
      else stuck.add(partition);
    }
    heldBytes = total;
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
