import assert from 'node:assert/strict';
import test from 'node:test';
import { createFrontMetrics } from '../../src/front/front-metrics.ts';

async function valueIn(metrics: ReturnType<typeof createFrontMetrics>, series: string): Promise<number> {
  const line = (await metrics.registry.metrics()).split('\n').find((text) => text.startsWith(`${series} `));
  assert.ok(line, series);
  return Number(line.slice(series.length));
}

test('what is counted outside the registry is in it once, however often it is read', async () => {
  const metrics = createFrontMetrics({ worker: 2, waitingBytes: () => 77 });
  for (const durationMs of [0.4, 0.5, 100, 100.1, 60_000]) metrics.answered(201, durationMs);
  metrics.answered(503, 3);
  metrics.durable(12);
  metrics.refused('required');
  metrics.refused('required');
  const duration = 'usage_http_request_duration_seconds';
  for (let reading = 0; reading < 2; reading++) {
    assert.equal(await valueIn(metrics, 'usage_http_requests_total{status="201"}'), 5);
    assert.equal(await valueIn(metrics, `${duration}_bucket{le="0.0005",status="201"}`), 2);
    assert.equal(await valueIn(metrics, `${duration}_bucket{le="0.1",status="201"}`), 3);
    assert.equal(await valueIn(metrics, `${duration}_bucket{le="10",status="201"}`), 4);
    assert.equal(await valueIn(metrics, `${duration}_bucket{le="+Inf",status="201"}`), 5);
    assert.equal(await valueIn(metrics, `${duration}_count{status="201"}`), 5);
    assert.ok(Math.abs((await valueIn(metrics, `${duration}_sum{status="201"}`)) - 60.201) < 1e-6);
    assert.equal(await valueIn(metrics, `${duration}_count{status="503"}`), 1);
    assert.equal(await valueIn(metrics, 'usage_accepted_total'), 12);
    assert.equal(await valueIn(metrics, 'usage_rejected_total{code="required"}'), 2);
    assert.equal(await valueIn(metrics, 'usage_front_waiting_bytes{role="front",worker="2"}'), 77);
  }
  metrics.answered(201, 1);
  assert.equal(await valueIn(metrics, 'usage_http_requests_total{status="201"}'), 6);
});

test('the JSON that a process pushes holds the same', async () => {
  const metrics = createFrontMetrics({ worker: 0, waitingBytes: () => 0 });
  metrics.answered(201, 1);
  const pushed = await metrics.registry.getMetricsAsJSON();
  const total = pushed.find(({ name }) => name === 'usage_http_requests_total')!;
  assert.deepEqual(
    total.values.map(({ value, labels }) => [value, labels]),
    [[1, { status: '201' }]],
  );
});

test('an append is counted for the log that acknowledged it', async () => {
  const metrics = createFrontMetrics({ worker: 0, waitingBytes: () => 0 });
  metrics.appended(10, 3, 'kafka');
  metrics.appended(20, 1_003, 'local');
  for (const [log, usages, seconds] of [
    ['kafka', 10, 0.003],
    ['local', 20, 1.003],
  ] as const) {
    assert.equal(await valueIn(metrics, `usage_append_usages_sum{log="${log}"}`), usages);
    assert.equal(await valueIn(metrics, `usage_append_duration_seconds_sum{log="${log}"}`), seconds);
    assert.equal(await valueIn(metrics, `usage_append_duration_seconds_count{log="${log}"}`), 1);
  }
});
