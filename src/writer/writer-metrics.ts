/** The writer's own metrics. Nothing here is done per usage: per batch, or per record at most. */

import type { LogKind } from '../log/log.ts';
import { createMetrics, type Metrics } from '../observability/metrics.ts';
import type { Batch } from '../store/batch.ts';
import type { StoredBatch } from '../store/store-batch.ts';

const names = [
  'usage_stored_total',
  'usage_duplicate_total',
  'usage_conflicts_total',
  'usage_dead_letters_total',
  'usage_log_gaps_total',
  'usage_store_duration_seconds',
  'usage_ingest_lag_seconds',
  'usage_log_backlog_records',
  'usage_log_oldest_seconds',
  'usage_log_bytes',
  'usage_log_bytes_max',
  'usage_postgres_up',
  'usage_partitions_stopped',
] as const;

export type WriterMetrics = Metrics<(typeof names)[number]> & {
  /** Of what belongs to this process rather than to the log. */
  readonly labels: { readonly role: 'writer'; readonly worker: string };
};

/** @param worker the process's slot */
export function createWriterMetrics(worker = 0): WriterMetrics {
  return { ...createMetrics(names), labels: { role: 'writer', worker: String(worker) } };
}

/** Counts a committed batch. */
export function countBatch(
  { metric }: WriterMetrics,
  log: LogKind,
  batch: Batch,
  result: StoredBatch,
  seconds: number,
): void {
  metric.usage_stored_total.inc(result.stored);
  metric.usage_duplicate_total.inc(result.duplicates);
  metric.usage_conflicts_total.inc(result.conflicts);
  metric.usage_dead_letters_total.inc(result.deadLetters.length);
  metric.usage_store_duration_seconds.observe({ log }, seconds);
  const now = Date.now();
  const lag = metric.usage_ingest_lag_seconds.labels(log);
  // Wall clocks of two processes: never less than nothing.
  for (const receivedAtMs of batch.receivedAtMs) lag.observe(Math.max(0, now - receivedAtMs) / 1_000);
}
