/**
 * What the log still holds that its reader, the writer or the relay, is not done with, over all partitions.
 *
 * A log that was never counted has no sample: any number would be taken for a count. One that cannot be counted any
 * more (Kafka is away) keeps its last count, of which nothing is being stored either, and its oldest record ages.
 */

import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import { createTrouble } from '../observability/told.ts';
import type { LogKind, LogPartition, LogReader } from './log.ts';

/** Who works through a partition; `active` is false while it has ended and nothing of it is left. */
export interface PartitionConsumer {
  active(): boolean;
}

export interface BacklogGauges {
  /** Asks every partition that may have something, one after the other, and sets the gauges. */
  show(consumers: ReadonlyMap<PartitionConsumer, LogPartition>): Promise<void>;
}

/** Asked for at once: each may cost a round trip, and thousands at once would hold as many files open. */
const atOnceMax = 16;

export function createBacklogGauges(
  reader: Pick<LogReader, 'kind' | 'unassignedBacklog'>,
  { metric }: Pick<Metrics<'usage_log_backlog_records' | 'usage_log_oldest_seconds'>, 'metric'>,
  logger: Logger,
): BacklogGauges {
  const log = reader.kind;
  const unknown = createTrouble(logger, 'backlog_unknown');
  /** Since when (monotonic milliseconds) there are records and none tells its age; null while that is not so. */
  let agelessSinceMs: number | null = null;

  /** Never 0 while something waits: what is damaged at the very end of the log has no age but ours. */
  function ageMs(records: number, oldestMs: number): number {
    const ageless = records > 0 && !Number.isFinite(oldestMs);
    agelessSinceMs = ageless ? (agelessSinceMs ?? performance.now()) : null;
    if (agelessSinceMs !== null) return performance.now() - agelessSinceMs;
    return records === 0 ? 0 : Math.max(0, Date.now() - oldestMs);
  }

  function tell(known: { records: number; oldestMs: number }): void {
    metric.usage_log_backlog_records.set({ log }, known.records);
    metric.usage_log_oldest_seconds.set({ log }, ageMs(known.records, known.oldestMs) / 1_000);
  }

  let last: { records: number; oldestMs: number } | null = null;
  return {
    async show(consumers) {
      let records = 0;
      let oldestMs = Number.POSITIVE_INFINITY;
      try {
        records = await reader.unassignedBacklog();
        const asked = [...consumers].filter(([consumer]) => consumer.active());
        for (let first = 0; first < asked.length; first += atOnceMax) {
          const some = asked.slice(first, first + atOnceMax);
          for (const backlog of await Promise.all(some.map(([, partition]) => partition.backlog()))) {
            records += backlog.records;
            oldestMs = Math.min(oldestMs, backlog.oldestReceivedAtMs ?? oldestMs);
          }
        }
        unknown.over();
        last = { records, oldestMs };
      } catch (error) {
        unknown.failed(error);
      }
      if (last) tell(last);
    },
  };
}

/** Sets the gauges of what the log holds, in bytes, and of what it may. */
export function showLogBytes(
  { metric }: Pick<Metrics<'usage_log_bytes' | 'usage_log_bytes_max'>, 'metric'>,
  log: LogKind,
  bytes: { held: number; max: number },
): void {
  metric.usage_log_bytes.set({ log }, bytes.held);
  metric.usage_log_bytes_max.set({ log }, bytes.max);
}
