/** The console's snapshot out of merged metrics and the states of the processes, pure. */

import type { MetricName, MetricSnapshot } from '../../observability/metrics.ts';
import { quantileOf, shareWithin } from './quantiles.ts';
import { type Series, seriesOf } from './series.ts';
import type { ConsoleSnapshot, KafkaState, Latency, LogState, ProcessState } from './snapshot.ts';

/** What of the metrics the console shows; nothing else is merged for it. */
export const consoleMetrics: ReadonlySet<MetricName> = new Set<MetricName>([
  'usage_http_requests_total',
  'usage_http_request_duration_seconds',
  'usage_accepted_total',
  'usage_rejected_total',
  'usage_shed_total',
  'usage_stored_total',
  'usage_duplicate_total',
  'usage_dead_letters_total',
  'usage_log_gaps_total',
  'usage_ingest_lag_seconds',
  'usage_log_backlog_records',
  'usage_log_oldest_seconds',
  'usage_log_bytes',
  'usage_log_bytes_max',
  'usage_kafka_up',
  'usage_kafka_weak',
  'usage_relayed_total',
  'usage_spooled_total',
  'usage_postgres_up',
  'usage_partitions_stopped',
  'usage_role_restarts_total',
  'usage_event_loop_utilization',
  'usage_process_cpu_seconds_total',
  'usage_process_resident_memory_bytes',
]);

/** Seconds; the objective's bound, a bucket of the histogram. */
const objectiveSeconds = 0.1;

export interface Reading {
  readonly instance: ConsoleSnapshot['instance'];
  readonly processes: readonly Pick<ProcessState, 'role' | 'worker' | 'ready'>[];
  /** All processes' metrics, the supervisor's included. */
  readonly totals: MetricSnapshot;
  /** What they grow by in a second. */
  readonly rates: MetricSnapshot;
  /** Epoch milliseconds. */
  readonly at: number;
}

export function consoleSnapshot({ instance, processes, totals, rates, at }: Reading): ConsoleSnapshot {
  const total = seriesOf(totals);
  const rate = seriesOf(rates);
  const count = (name: MetricName) => total.sum(name) ?? 0;
  const pace = (name: MetricName) => rate.sum(name) ?? 0;
  const paceByStatus = rate.by('usage_http_requests_total', 'status');
  const writersUp = Object.values(total.by('usage_postgres_up', 'worker'));
  return {
    at,
    instance,
    perSecond: {
      requests: pace('usage_http_requests_total'),
      accepted: pace('usage_accepted_total'),
      stored: pace('usage_stored_total'),
      refused: sumOfClass(paceByStatus, '4'),
      failed: sumOfClass(paceByStatus, '5'),
    },
    acknowledged: latencyOf(rate),
    lag: lagOf(rate),
    total: {
      accepted: count('usage_accepted_total'),
      stored: count('usage_stored_total'),
      duplicates: count('usage_duplicate_total'),
      deadLetters: count('usage_dead_letters_total'),
      gaps: count('usage_log_gaps_total'),
      spooled: count('usage_spooled_total'),
      relayed: count('usage_relayed_total'),
      restarts: count('usage_role_restarts_total'),
    },
    answers: total.by('usage_http_requests_total', 'status'),
    refused: total.by('usage_rejected_total', 'code'),
    shed: total.by('usage_shed_total', 'reason'),
    logs: logsOf(total),
    postgresUp: writersUp.length === 0 ? null : writersUp.every((up) => up > 0),
    kafka: instance.log === 'kafka' ? kafkaOf(total) : null,
    stopped: total.by('usage_partitions_stopped', 'reason'),
    processes: processes.map((process) => ({ ...process, ...saturationOf(process, total, rate) })),
  };
}

function sumOfClass(byStatus: Readonly<Record<string, number>>, digit: string): number {
  const counts = Object.entries(byStatus).filter(([status]) => status.startsWith(digit));
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

function latencyOf(rate: Series): Latency | null {
  const isAcknowledged = ({ status }: Readonly<Record<string, string>>) =>
    status === '201' || status === '207';
  const buckets = rate.buckets('usage_http_request_duration_seconds', isAcknowledged);
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((quantile) => quantileOf(buckets, quantile));
  const within = shareWithin(buckets, objectiveSeconds);
  return p50 == null || p90 == null || p99 == null || within === null ? null : { p50, p90, p99, within };
}

function lagOf(rate: Series): ConsoleSnapshot['lag'] {
  const buckets = rate.buckets('usage_ingest_lag_seconds');
  const p50 = quantileOf(buckets, 0.5);
  const p99 = quantileOf(buckets, 0.99);
  return p50 === null || p99 === null ? null : { p50, p99 };
}

function logsOf(total: Series): LogState[] {
  const states = (['kafka', 'local'] as const).map((log) => ({
    log,
    records: total.sum('usage_log_backlog_records', { log }),
    oldestSeconds: total.sum('usage_log_oldest_seconds', { log }),
    bytes: total.sum('usage_log_bytes', { log }),
    bytesMax: total.sum('usage_log_bytes_max', { log }),
  }));
  return states.filter(({ records, bytes }) => records !== null || bytes !== null);
}

function kafkaOf(total: Series): KafkaState {
  const relay = total.sum('usage_kafka_up', { role: 'relay' });
  return {
    frontsUp: total.sum('usage_kafka_up', { role: 'front' }) ?? 0,
    relayUp: relay === null ? null : relay > 0,
    weak: total.sum('usage_kafka_weak') ?? 0,
  };
}

function saturationOf(
  { role, worker }: Pick<ProcessState, 'role' | 'worker'>,
  total: Series,
  rate: Series,
): Omit<ProcessState, 'role' | 'worker' | 'ready'> {
  const labels = { role, worker: String(worker) };
  return {
    cpu: rate.sum('usage_process_cpu_seconds_total', labels),
    loop: total.sum('usage_event_loop_utilization', labels),
    memoryBytes: total.sum('usage_process_resident_memory_bytes', labels),
    restarts: total.sum('usage_role_restarts_total', labels) ?? 0,
  };
}
