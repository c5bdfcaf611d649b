/** Holds grafana/: fresh, complete, and asking only for what the server tells. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dashboards, staleDashboards } from '../../grafana/generate.ts';
import { metricTable } from '../../src/observability/metrics.ts';
import { dashboardPanels } from '../support/dashboard-panels.ts';
import { foreignMetricNames, kafkaMetricNames } from '../support/metric-names.ts';

const panels = dashboards.flatMap(dashboardPanels);
const variables = new Set(['instance', 'log', 'datasource', '__rate_interval']);
/** What Prometheus itself adds to every target. */
const ofPrometheus = new Set(['scrape_duration_seconds']);

test('the committed JSON is what the code says (npm run dashboards writes it anew)', async () => {
  assert.deepEqual(await staleDashboards(), []);
});

test('dashboards and panels have ids of their own, and no two panels share a place', () => {
  assert.equal(new Set(dashboards.map((dashboard) => dashboard.uid)).size, dashboards.length);
  for (const dashboard of dashboards) {
    const all = dashboard.panels ?? [];
    assert.equal(new Set(all.map((panel) => panel.id)).size, all.length, dashboard.uid);
    assert.ok(all.every((panel) => (panel.id ?? 0) > 0));
    const cells = all.flatMap(({ gridPos }) => {
      const { x, y, w, h } = gridPos!;
      assert.ok(x + w <= 24, `${dashboard.uid}: a panel ends beyond the grid`);
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
    });
    assert.equal(new Set(cells).size, cells.length, dashboard.uid);
  }
});

test('every panel has a title, a description, a unit, thresholds, and a legend for each query', () => {
  assert.ok(panels.length > 40);
  for (const { name, panel, queries } of panels) {
    const { unit, thresholds } = panel.fieldConfig?.defaults ?? {};
    assert.ok(panel.title && panel.description && unit, name);
    assert.ok((panel.description?.length ?? 0) >= 20, name);
    assert.equal(thresholds?.steps[0]?.value, null, name);
    if (panel.type === 'stat' && panel.title !== 'Usages')
      assert.ok((thresholds?.steps.length ?? 0) >= 2, name);
    assert.ok(queries.length > 0, name);
    for (const query of queries) assert.ok(query.legend, name);
  }
});

test('every name in a panel is a metric of ours', () => {
  for (const { name, queries } of panels)
    for (const { expression } of queries)
      assert.deepEqual(foreignMetricNames(expression, ofPrometheus), [], name);
});

test('every label in a legend is one that its query keeps, every variable one that there is', () => {
  for (const { name, queries } of panels) {
    for (const { expression, legend } of queries) {
      const kept = new Set([...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap((m) => m[1]!.split(/, */)));
      for (const [, label] of legend.matchAll(/\{\{(\w+)\}\}/g))
        assert.ok(kept.has(label!), `${name}: ${label}`);
      for (const [, variable] of expression.matchAll(/\$(\w+)/g)) assert.ok(variables.has(variable!), name);
    }
  }
});

test('rates go over $__rate_interval; a fixed window belongs to increase() alone', () => {
  for (const { name, queries } of panels)
    for (const { expression } of queries) {
      assert.doesNotMatch(expression, /\brate\([^)]*\[(?!\$__rate_interval\])/, name);
      assert.doesNotMatch(expression, /\birate\(/, name);
    }
});

test('every metric of ours is shown somewhere', () => {
  const shown = panels.flatMap(({ queries }) => queries.map(({ expression }) => expression)).join('\n');
  for (const metric of [...Object.keys(metricTable), ...kafkaMetricNames])
    assert.match(shown, new RegExp(`\\b${metric}(_bucket|_sum|_count)?\\b`), metric);
});

test('each dashboard file is found by the provisioning', () => {
  const folder = join(import.meta.dirname, '..', '..', 'grafana');
  const provider = readFileSync(join(folder, 'provisioning', 'dashboards', 'usage-ingest.yml'), 'utf8');
  assert.match(provider, /path: \/etc\/grafana\/dashboards$/m);
  assert.equal(readdirSync(join(folder, 'dashboards')).length, dashboards.length);
});
