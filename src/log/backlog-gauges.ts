/**
 * What the log still holds that its reader, the writer or the relay, is not done with, over all partitions.
 *
 * A log that was never counted has no sample: any number would be taken for a count. One that cannot be counted any
 * more (Kafka is away) keeps its last count, of which nothing is being stored either, and its oldest record ages. So
 * does one partition among others.
 */

import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import { createTrouble } from '../observability/told.ts';
import type { LogKind, LogPartition, LogReader } from './log.ts';

/** Who works through a partition; `active` is false while it has ended and nothing of it is left. */
export interface PartitionConsumer {
  active(): boolean;
}

type Backlog = Awaited<ReturnType<LogPartition['backlog']>>;

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
  /** Each partition's last count, for when it cannot be counted. */
  const counts = new WeakMap<LogPartition, Backlog>();

  /** What is wrong with one partition hides no other. One that was never counted is taken for one record, of no age. */
  async function countAll(
    partitions: readonly LogPartition[],
  ): Promise<{ backlogs: Backlog[]; errors: unknown[] }> {
    const backlogs: Backlog[] = [];
    const errors: unknown[] = [];
    for (let first = 0; first < partitions.length; first += atOnceMax) {
      const some = partitions.slice(first, first + atOnceMax);
      const answers = await Promise.allSettled(some.map((partition) => partition.backlog()));
      for (const [index, answer] of answers.entries()) {
        if (answer.status === 'fulfilled') counts.set(some[index]!, answer.value);
        else errors.push(answer.reason);
        backlogs.push(counts.get(some[index]!) ?? { records: 1, oldestReceivedAtMs: null });
      }
    }
    return { backlogs, errors };
  }

  async function count(consumers: ReadonlyMap<PartitionConsumer, LogPartition>): Promise<void> {
    const unassigned = await reader.unassignedBacklog();
    const partitions = [...consumers].filter(([consumer]) => consumer.active()).map(([, each]) => each);
    const { backlogs, errors } = await countAll(partitions);
    if (errors.length === 0) unknown.over();
    else unknown.failed(errors[0]);
    if (errors.length > 0 && errors.length === partitions.length) return;
    const records = backlogs.reduce((sum, backlog) => sum + backlog.records, unassigned);
    const ages = backlogs.map(({ oldestReceivedAtMs }) => oldestReceivedAtMs ?? Number.POSITIVE_INFINITY);
    last = {
      records,
      oldestMs: ages.reduce((oldest, each) => Math.min(oldest, each), Number.POSITIVE_INFINITY),
    };
  }

  return {
    async show(consumers) {
      await count(consumers).catch(unknown.failed);
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
