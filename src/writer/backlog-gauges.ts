/** What the log still holds that is not stored, over all partitions of a reader. */

import type { LogPartition } from '../log/log.ts';
import type { Logger } from '../observability/logger.ts';
import type { PartitionWorker } from './partition-worker.ts';
import type { WriterMetrics } from './writer-metrics.ts';

export interface BacklogGauges {
  /** Asks every partition that may have something, one after the other, and sets the gauges. */
  show(workers: ReadonlyMap<PartitionWorker, LogPartition>): Promise<void>;
}

export function createBacklogGauges(log: string, { metric }: WriterMetrics, logger: Logger): BacklogGauges {
  let isUnknown = false;
  return {
    async show(workers) {
      let records = 0;
      let oldestMs = Number.POSITIVE_INFINITY;
      try {
        for (const [worker, partition] of workers) {
          if (!worker.active()) continue;
          const backlog = await partition.backlog();
          records += backlog.records;
          oldestMs = Math.min(oldestMs, backlog.oldestReceivedAtMs ?? oldestMs);
        }
        isUnknown = false;
      } catch (error) {
        if (!isUnknown) logger.warn('backlog_unknown', { err: error });
        isUnknown = true;
        return;
      }
      metric.usage_log_backlog_records.set({ log }, records);
      const ageMs = records === 0 ? 0 : Math.max(0, Date.now() - oldestMs);
      metric.usage_log_oldest_seconds.set({ log }, Number.isFinite(ageMs) ? ageMs / 1_000 : 0);
    },
  };
}
