/**
 * Every metric by its public name, in one place; docs/metrics.md is generated from it.
 * A process builds only the metrics of its own work: `createMetrics()` gives a registry of its own.
 * No label ever holds a value from a body.
 */

import {
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';

/** What a process pushes to its supervisor: prom-client's JSON form of all its metrics. */
export type MetricSnapshot = MetricObjectWithValues<MetricValue<string>>[];

/** Seconds. A bucket at exactly 0.1: the objective is stated on it. */
const latencyBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Seconds from received to stored: from a healthy moment to a day of Postgres away. */
const lagBuckets = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400,
];
const groupBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 350, 500];

const counter = <L extends string>(help: string, labelNames: readonly L[]) =>
  ({ kind: 'counter', help, labelNames }) as const;
/** How gauges of several processes with the same labels become one: two fronts' parts add up, ages do not. */
export type AcrossProcesses = 'sum' | 'max' | 'min';
const gauge = <L extends string>(help: string, labelNames: readonly L[], across: AcrossProcesses = 'sum') =>
  ({ kind: 'gauge', help, labelNames, across }) as const;
const histogram = <L extends string>(help: string, labelNames: readonly L[], buckets: readonly number[]) =>
  ({ kind: 'histogram', help, labelNames, buckets }) as const;

export const metricTable = {
  usage_http_requests_total: counter('HTTP requests answered, by status.', ['status']),
  usage_http_abandoned_total: counter(
    'Requests whose client closed the connection, or its sending side, before the answer. What they sent may be stored.',
    [],
  ),
  usage_http_request_duration_seconds: histogram(
    'From the request line read to the answer given to the socket.',
    ['status'],
    latencyBuckets,
  ),
  usage_accepted_total: counter('Usages acknowledged as durable.', []),
  usage_rejected_total: counter('Usages and requests refused as invalid, by error code.', ['code']),
  usage_shed_total: counter('Requests answered 503, by reason.', ['reason']),
  usage_append_duration_seconds: histogram(
    'From an append to its acknowledgement, by the log that gave it: a spooled one has waited for Kafka before.',
    ['log'],
    latencyBuckets,
  ),
  usage_append_usages: histogram('Usages in an acknowledged append.', ['log'], groupBuckets),
  usage_stored_total: counter('Usages stored in Postgres.', []),
  usage_duplicate_total: counter('Usages that were in Postgres already.', []),
  usage_conflicts_total: counter(
    'Usages dropped because their identity was stored before with other content, counted among usage_duplicate_total too; they are in usage_conflicts.',
    [],
  ),
  usage_dead_letters_total: counter('Lines and records put into dead_letters.', []),
  usage_log_gaps_total: counter(
    'Gaps found in a log, each once; usage_partitions_stopped tells how many still wait for an operator.',
    [],
  ),
  usage_store_duration_seconds: histogram(
    'One transaction of the writer, begin to commit.',
    ['log'],
    latencyBuckets,
  ),
  usage_ingest_lag_seconds: histogram('From received to stored, once a record.', ['log'], lagBuckets),
  usage_log_backlog_records: gauge(
    'Records in the log that are not stored yet (of a spool: not in Kafka yet); none told until they were counted once.',
    ['log'],
  ),
  usage_log_oldest_seconds: gauge(
    'Age of the oldest record that is not stored yet; 0 when there is none.',
    ['log'],
    'max',
  ),
  usage_log_bytes: gauge('Bytes that the log holds.', ['log']),
  usage_log_bytes_max: gauge('Bytes that the log may hold.', ['log'], 'max'),
  usage_front_waiting_bytes: gauge('Bytes of bodies and rows that a front holds.', ['role', 'worker']),
  usage_kafka_up: gauge('1 while Kafka acknowledges appends, 0 while it is away.', ['role', 'worker']),
  usage_kafka_weak: gauge('Settings of the Kafka topic that weaken the promise; 0 is good.', [
    'role',
    'worker',
  ]),
  usage_relayed_total: counter('Usages that went from the local log into Kafka.', []),
  usage_spooled_total: counter('Usages that went to the local log because Kafka did not take them in time.', [
    'log',
  ]),
  usage_postgres_up: gauge(
    '1 while the writer can store, 0 while Postgres is away.',
    ['role', 'worker'],
    'min',
  ),
  usage_partitions_stopped: gauge('Partitions of a log that wait for an operator, by reason.', ['reason']),
  usage_role_restarts_total: counter('Restarts of a process that ended unasked.', ['role', 'worker']),
  usage_event_loop_utilization: gauge('Share of the last second in which the event loop was busy.', [
    'role',
    'worker',
  ]),
  usage_process_cpu_seconds_total: counter('CPU seconds, user and system.', ['role', 'worker']),
  usage_process_resident_memory_bytes: gauge('Resident memory.', ['role', 'worker']),
} as const;

type Table = typeof metricTable;
export type MetricName = keyof Table;
type Label<N extends MetricName> = Table[N]['labelNames'][number];
type Instrument<N extends MetricName> = Table[N]['kind'] extends 'counter'
  ? Counter<Label<N>>
  : Table[N]['kind'] extends 'gauge'
    ? Gauge<Label<N>>
    : Histogram<Label<N>>;

export interface Metrics<N extends MetricName> {
  readonly registry: Registry;
  readonly metric: { readonly [K in N]: Instrument<K> };
}

/** Makes the named metrics in a registry of their own. */
export function createMetrics<const N extends MetricName>(names: readonly N[]): Metrics<N> {
  const registry = new Registry();
  const metric: Partial<Record<MetricName, unknown>> = {};
  for (const name of names) {
    const entry = metricTable[name];
    const { help, labelNames } = entry;
    const options = { name, help, labelNames: [...labelNames], registers: [registry] };
    if (entry.kind === 'counter') metric[name] = new Counter(options);
    else if (entry.kind === 'gauge') metric[name] = new Gauge({ ...options, aggregator: entry.across });
    else metric[name] = new Histogram({ ...options, buckets: [...entry.buckets] });
  }
  return { registry, metric: metric as Metrics<N>['metric'] };
}
