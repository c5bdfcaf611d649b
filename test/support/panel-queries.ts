/** Runs the queries of dashboard panels as Grafana would send them, against a real Prometheus. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { DashboardPanel } from './dashboard-panels.ts';
import type { PrometheusServer } from './prometheus-server.ts';
import { until } from './until.ts';

/** Enough scrapes of a second each for a rate, also on a busy machine. */
const rateInterval = '20s';

/** With all instances and logs chosen. */
export const filledIn = (expression: string): string =>
  expression
    .replaceAll('$__rate_interval', rateInterval)
    .replaceAll('$instance', '.*')
    .replaceAll('$log', '.*');

/** A test a query: it gives data, and its samples have the labels that its legend names. */
export async function queriesGiveData(
  t: TestContext,
  prometheus: PrometheusServer,
  { name, queries }: DashboardPanel,
): Promise<void> {
  for (const { expression, legend } of queries) {
    await t.test(`${name} (${legend})`, async () => {
      let seen: unknown;
      const samples = await until(
        async () => {
          const found = await prometheus.query(filledIn(expression));
          seen = found;
          return found.length > 0 && found.some(({ value }) => Number.isFinite(value)) ? found : null;
        },
        { what: `there is data for ${filledIn(expression)}` },
      ).catch((error) => assert.fail(`${error.message}; the last answer: ${JSON.stringify(seen)}`));
      for (const [, label] of legend.matchAll(/\{\{(\w+)\}\}/g))
        for (const { labels } of samples) assert.ok(labels[label!], `${label} of ${JSON.stringify(labels)}`);
    });
  }
}
