/** The console's snapshot out of the metrics that real registries give, on a local log and on Kafka. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { consoleMetrics, consoleSnapshot } from '../../../src/admin/console/reading.ts';
import { createMetrics, type MetricSnapshot } from '../../../src/observability/metrics.ts';
import { ratesBetween } from '../../../src/observability/rates.ts';
import { consoleSnapshotOf } from '../../support/console-snapshot.ts';

const { instance } = consoleSnapshotOf();
const processes = [
  { role: 'front' as const, worker: 0, ready: true },
  { role: 'writer' as const, worker: 0, ready: false },
];

/** As a process would have pushed it. */
async function pushed(registry: { getMetricsAsJSON(): Promise<MetricSnapshot> }): Promise<MetricSnapshot> {
  return JSON.parse(JSON.stringify(await registry.getMetricsAsJSON()));
}

function read(totals: MetricSnapshot, rates: MetricSnapshot = [], log: 'local' | 'kafka' = 'local') {
  return consoleSnapshot({ instance: { ...instance, log }, processes, totals, rates, at: 1 });
}

test('nothing told yet: unknown is null, and never taken for up, empty or fast', () => {
  const told = read([]);
  assert.equal(told.postgresUp, null);
  assert.equal(told.acknowledged, null);
  assert.equal(told.lag, null);
  assert.deepEqual(told.logs, []);
  assert.deepEqual(
    told.processes.map(({ cpu, loop, memoryBytes }) => [cpu, loop, memoryBytes]),
    [
      [null, null, null],
      [null, null, null],
    ],
  );
});

test('traffic, errors, latency and saturation of a front', async () => {
  const { registry, metric } = createMetrics([
    'usage_http_requests_total',
    'usage_http_request_duration_seconds',
    'usage_accepted_total',
    'usage_rejected_total',
    'usage_shed_total',
    'usage_process_cpu_seconds_total',
    'usage_event_loop_utilization',
    'usage_role_restarts_total',
  ]);
  const labels = { role: 'front', worker: '0' };
  metric.usage_process_cpu_seconds_total.inc(labels, 1);
  const before = await pushed(registry);
  metric.usage_process_cpu_seconds_total.inc(labels, 0.5);
  metric.usage_event_loop_utilization.set(labels, 0.25);
  metric.usage_role_restarts_total.inc({ role: 'writer', worker: '0' }, 2);
  metric.usage_accepted_total.inc(200);
  for (const [status, count] of [
    ['201', 99],
    ['422', 3],
    ['500', 1],
    ['503', 4],
  ] as const)
    metric.usage_http_requests_total.inc({ status }, count);
  for (let i = 0; i < 99; i++) metric.usage_http_request_duration_seconds.observe({ status: '201' }, 0.002);
  metric.usage_http_request_duration_seconds.observe({ status: '207' }, 0.2);
  // A refusal is answered quickly, but acknowledges nothing.
  for (let i = 0; i < 999; i++) metric.usage_http_request_duration_seconds.observe({ status: '422' }, 0.0001);
  metric.usage_rejected_total.inc({ code: 'invalid_usage' }, 3);
  metric.usage_shed_total.inc({ reason: 'overloaded' }, 4);
  const after = await pushed(registry);

  const told = read(after, ratesBetween(before, after, 2));
  assert.deepEqual(told.perSecond, { requests: 53.5, accepted: 100, stored: 0, refused: 1.5, failed: 2.5 });
  assert.ok(told.acknowledged!.p50 > 0.001 && told.acknowledged!.p50 <= 0.0025);
  assert.ok(told.acknowledged!.p90 >= told.acknowledged!.p50);
  assert.ok(told.acknowledged!.p99 <= 0.0025);
  assert.equal(told.acknowledged!.within, 0.99);
  assert.deepEqual(told.answers, { 201: 99, 422: 3, 500: 1, 503: 4 });
  assert.deepEqual([told.refused, told.shed], [{ invalid_usage: 3 }, { overloaded: 4 }]);
  const [front, writer] = told.processes;
  assert.deepEqual([front!.cpu, front!.loop, front!.restarts], [0.25, 0.25, 0]);
  assert.deepEqual([writer!.cpu, writer!.ready, writer!.restarts], [null, false, 2]);
});

test('the logs, Postgres and Kafka, whole and in part', async () => {
  const { registry, metric } = createMetrics([
    'usage_log_backlog_records',
    'usage_log_oldest_seconds',
    'usage_log_bytes',
    'usage_log_bytes_max',
    'usage_postgres_up',
    'usage_kafka_up',
    'usage_kafka_weak',
    'usage_partitions_stopped',
  ]);
  metric.usage_log_backlog_records.set({ log: 'kafka' }, 7);
  metric.usage_log_oldest_seconds.set({ log: 'kafka' }, 1.5);
  metric.usage_log_bytes.set({ log: 'local' }, 10);
  metric.usage_log_bytes_max.set({ log: 'local' }, 100);
  metric.usage_postgres_up.set({ role: 'writer', worker: '0' }, 0);
  metric.usage_kafka_up.set({ role: 'front', worker: '0' }, 1);
  metric.usage_kafka_up.set({ role: 'front', worker: '1' }, 0);
  metric.usage_kafka_up.set({ role: 'relay', worker: '0' }, 0);
  metric.usage_kafka_weak.set({ role: 'front', worker: '0' }, 2);
  metric.usage_partitions_stopped.set({ reason: 'gap' }, 1);
  const totals = await pushed(registry);
  const told = read(totals, [], 'kafka');
  assert.deepEqual(told.logs, [
    { log: 'kafka', records: 7, oldestSeconds: 1.5, bytes: null, bytesMax: null },
    { log: 'local', records: null, oldestSeconds: null, bytes: 10, bytesMax: 100 },
  ]);
  assert.equal(told.postgresUp, false);
  assert.deepEqual(told.kafka, { frontsUp: 1, relayUp: false, weak: 2 });
  assert.deepEqual(told.stopped, { gap: 1 });
  assert.equal(read(totals).kafka, null);
});

test('what is merged for it is what it reads, no less and no more', () => {
  const source = readFileSync(new URL(import.meta.resolve('../../../src/admin/console/reading.ts')), 'utf8');
  const reads = source.slice(source.indexOf('export interface Reading')).matchAll(/'(usage_\w+)'/g);
  assert.deepEqual([...new Set([...reads].map(([, name]) => name))].sort(), [...consoleMetrics].sort());
});
