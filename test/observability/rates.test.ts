/** Rates of a process, percentiles of a histogram, and who counts as this machine. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quantileOf, shareWithin } from '../../src/admin/console/quantiles.ts';
import { seriesOf } from '../../src/admin/console/series.ts';
import { isLoopback, namesThisMachine } from '../../src/http/loopback.ts';
import { createMetrics, type MetricSnapshot } from '../../src/observability/metrics.ts';
import { ratesBetween } from '../../src/observability/rates.ts';
import { createMetricsHub } from '../../src/supervisor/metrics-hub.ts';
import { assertProperty } from '../support/property.ts';

const buckets = (...counts: number[]) =>
  [0.1, 0.2, 0.4, Number.POSITIVE_INFINITY].map((le, index) => ({ le, count: counts[index]! }));

test('a percentile lies within its bucket, beyond the last one it is that bound', () => {
  assert.equal(quantileOf(buckets(10, 10, 10, 10), 0.5), 0.05);
  assert.ok(Math.abs(quantileOf(buckets(0, 10, 10, 10), 0.99)! - 0.199) < 1e-9);
  assert.equal(quantileOf(buckets(0, 0, 0, 10), 0.5), 0.4);
  assert.equal(quantileOf(buckets(0, 0, 0, 0), 0.5), null);
  assert.equal(quantileOf([], 0.5), null);
  assert.equal(shareWithin(buckets(9, 10, 10, 12), 0.1), 0.75);
  assert.equal(shareWithin(buckets(0, 0, 0, 0), 0.1), null);
  assert.equal(shareWithin(buckets(1, 1, 1, 1), 0.15), null);
});

test('percentiles never cross, and lie within the buckets that hold something', () => {
  const property = fc.property(fc.array(fc.nat(50), { minLength: 4, maxLength: 4 }), (inEach) => {
    let sum = 0;
    const counts = inEach.map((count) => {
      sum += count;
      return sum;
    });
    const quantiles = [0, 0.5, 0.9, 0.99, 1].map((quantile) => quantileOf(buckets(...counts), quantile));
    if (sum === 0) return quantiles.every((quantile) => quantile === null);
    const inOrder = quantiles.every((quantile, at) => quantile! >= (quantiles[at - 1] ?? 0));
    return inOrder && quantiles.every((quantile) => quantile! <= 0.4);
  });
  assertProperty(property, 500);
});

async function snapshots(): Promise<[MetricSnapshot, MetricSnapshot]> {
  const { registry, metric } = createMetrics([
    'usage_accepted_total',
    'usage_http_requests_total',
    'usage_http_request_duration_seconds',
    'usage_front_waiting_bytes',
  ]);
  metric.usage_accepted_total.inc(100);
  metric.usage_front_waiting_bytes.set({ role: 'front', worker: '0' }, 5);
  const copy = async () => JSON.parse(JSON.stringify(await registry.getMetricsAsJSON())) as MetricSnapshot;
  const before = await copy();
  metric.usage_accepted_total.inc(20);
  metric.usage_http_requests_total.inc({ status: '201' }, 8);
  for (let i = 0; i < 4; i++) metric.usage_http_request_duration_seconds.observe({ status: '201' }, 0.08);
  return [before, await copy()];
}

test('rates are of what grows, new series from 0, gauges left out', async () => {
  const [before, after] = await snapshots();
  const rates = seriesOf(ratesBetween(before, after, 2));
  assert.equal(rates.sum('usage_accepted_total'), 10);
  assert.equal(rates.sum('usage_http_requests_total', { status: '201' }), 4);
  assert.equal(rates.sum('usage_front_waiting_bytes'), null);
  const duration = rates.buckets('usage_http_request_duration_seconds');
  assert.equal(duration.find(({ le }) => le === 0.1)?.count, 2);
  assert.equal(duration.find(({ le }) => le === 0.05)?.count, 0);
  assert.ok(Math.abs(quantileOf(duration, 0.5)! - 0.075) < 1e-9);
  for (const seconds of [0, -1, Number.NaN]) assert.deepEqual(ratesBetween(before, after, seconds), []);
});

test('a process has a rate from its second push on, and none when it has ended', async () => {
  const [before, after] = await snapshots();
  const hub = createMetricsHub();
  const process = {};
  const names = new Set(['usage_accepted_total'] as const);
  hub.push(process, before);
  assert.deepEqual(await hub.rates(names), []);
  hub.push(process, after);
  const rates = await hub.rates(names);
  assert.deepEqual(
    rates.map(({ name }) => name),
    ['usage_accepted_total'],
  );
  assert.ok(seriesOf(rates).sum('usage_accepted_total')! > 0);
  assert.equal(seriesOf(await hub.totals(names)).sum('usage_accepted_total'), 120);
  hub.retire(process);
  assert.deepEqual(await hub.rates(names), []);
  assert.equal(seriesOf(await hub.totals(names)).sum('usage_accepted_total'), 120);
});

test('this machine by an address or as localhost, and by no other name', () => {
  for (const host of ['localhost', '127.0.0.1', '127.8.8.8', '::1']) assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.evil.org', ''])
    assert.ok(!isLoopback(host), host);
  for (const host of [
    'localhost',
    'LOCALHOST:9464',
    '127.0.0.1:9464',
    '[::1]:9464',
    '10.1.2.3',
    'a.localhost:1',
  ])
    assert.ok(namesThisMachine(host), host);
  for (const host of [
    undefined,
    '',
    'evil.example:9464',
    '127.0.0.1.evil.example',
    'localhost.evil',
    '[::1',
    'notlocalhost',
  ])
    assert.ok(!namesThisMachine(host), host);
});
