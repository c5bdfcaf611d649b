import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cumulativeOf, mergedText, mergeSnapshots } from '../../src/observability/merge.ts';
import { createMetrics, type MetricSnapshot } from '../../src/observability/metrics.ts';
import { createMetricsHub } from '../../src/supervisor/metrics-hub.ts';
import { sampleSum } from '../support/instance.ts';

/** As it comes over the IPC channel. */
const pushed = (snapshot: MetricSnapshot): MetricSnapshot => JSON.parse(JSON.stringify(snapshot));

async function frontSnapshot(accepted: number, waiting: number, worker = '0'): Promise<MetricSnapshot> {
  const { registry, metric } = createMetrics([
    'usage_accepted_total',
    'usage_append_duration_seconds',
    'usage_front_waiting_bytes',
    'usage_log_oldest_seconds',
    'usage_postgres_up',
  ]);
  metric.usage_accepted_total.inc(accepted);
  metric.usage_append_duration_seconds.observe({ log: 'local' }, 0.1);
  metric.usage_front_waiting_bytes.set({ role: 'front', worker }, waiting);
  metric.usage_log_oldest_seconds.set({ log: 'local' }, waiting);
  metric.usage_postgres_up.set({ role: 'writer', worker: '0' }, waiting > 5 ? 1 : 0);
  return pushed(await registry.getMetricsAsJSON());
}

test('counters and histograms add up; gauges follow their rule', async () => {
  const merged = await mergedText([await frontSnapshot(2, 3), await frontSnapshot(5, 9)]);
  assert.equal(sampleSum(merged, 'usage_accepted_total'), 7);
  assert.match(merged, /usage_append_duration_seconds_bucket\{le="0.1",log="local"\} 2\n/);
  assert.match(merged, /usage_append_duration_seconds_bucket\{le="0.05",log="local"\} 0\n/);
  assert.match(merged, /usage_append_duration_seconds_bucket\{le="\+Inf",log="local"\} 2\n/);
  assert.equal(sampleSum(merged, 'usage_front_waiting_bytes'), 12);
  assert.equal(sampleSum(merged, 'usage_log_oldest_seconds'), 9);
  assert.equal(sampleSum(merged, 'usage_postgres_up'), 0);
});

test('one process alone reads as prom-client writes it', async () => {
  const { registry, metric } = createMetrics(['usage_rejected_total', 'usage_append_usages']);
  metric.usage_rejected_total.inc({ code: 'a"b\\c\nd' }, 3);
  metric.usage_append_usages.observe({ log: 'local' }, 7);
  const lines = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  const own = await mergedText([pushed(await registry.getMetricsAsJSON())]);
  assert.deepEqual(lines(own), lines(await registry.metrics()));
});

test('inputs are left as they are', async () => {
  const snapshot = await frontSnapshot(2, 3);
  const before = structuredClone(snapshot);
  await mergeSnapshots([snapshot, snapshot]);
  assert.deepEqual(snapshot, before);
});

test('of a dead process counters stay and gauges go', async () => {
  const names = cumulativeOf(await frontSnapshot(2, 3)).map(({ name }) => name);
  assert.deepEqual(names, ['usage_accepted_total', 'usage_append_duration_seconds']);
});

test('however processes push and die, the sum never goes back and counts everything pushed', async () => {
  const step = fc.record({ slot: fc.integer({ min: 0, max: 2 }), more: fc.nat(100), dies: fc.boolean() });
  const seed = process.env.TEST_SEED ? { seed: Number(process.env.TEST_SEED) } : {};
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const hub = createMetricsHub();
      const slots = [{ count: 0 }, { count: 0 }, { count: 0 }];
      let total = 0;
      for (const { slot, more, dies } of steps) {
        const process = slots[slot]!;
        process.count += more;
        total += more;
        hub.push(process, await frontSnapshot(process.count, 1, String(slot)));
        if (dies) {
          hub.retire(process);
          slots[slot] = { count: 0 };
        }
        assert.equal(sampleSum(await hub.text([]), 'usage_accepted_total'), total);
      }
    }),
    { numRuns: 30, ...seed },
  );
});
