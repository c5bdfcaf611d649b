/** Every panel and every rule against a real Prometheus that scrapes a loaded server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dashboards } from '../../grafana/generate.ts';
import { readRules } from '../support/alert-rules.ts';
import { dashboardPanels } from '../support/dashboard-panels.ts';
import { createInstance } from '../support/instance.ts';
import { kafkaMetricNames } from '../support/metric-names.ts';
import { queriesGiveData } from '../support/panel-queries.ts';
import { startTestPostgres } from '../support/postgres.ts';
import { startPrometheus } from '../support/prometheus-server.ts';
import { needsPrometheus } from '../support/prometheus-tools.ts';
import { until } from '../support/until.ts';
import { startVariedLoad } from '../support/varied-load.ts';

const panels = dashboards.flatMap(dashboardPanels);
const rules = readRules();

const needsKafka = (expression: string) => kafkaMetricNames.some((name) => expression.includes(name));

test('every query of every panel gives data, every rule works', needsPrometheus, async (t) => {
  const postgres = await startTestPostgres({ t });
  const bytesMax = String(64 * 1024);
  const instance = await createInstance({
    DATABASE_URL: await postgres.createDatabase(),
    USAGE_FRONTS: '2',
    // Little enough for the load to be shed now and then.
    USAGE_FRONT_WAITING_BYTES_MAX: bytesMax,
    USAGE_BODY_BYTES_MAX: bytesMax,
    USAGE_GROUP_BYTES_MAX: bytesMax,
  });
  t.after(() => instance.close());
  await instance.start();
  const prometheus = await startPrometheus([new URL(instance.adminUrl).host]);
  t.after(() => prometheus.stop());
  const load = startVariedLoad(instance.url);
  t.after(() => load.stop());

  await t.test('the load has good, refused and shed requests', async () => {
    for (const status of [201, 207, 400, 422, 503])
      await until(() => load.statuses.get(status), {
        what: `a ${status} was answered (${JSON.stringify([...load.statuses])})`,
      });
  });

  for (const panel of panels) {
    // Those of Kafka are run in dashboards-kafka.test.ts: there is none here.
    const queries = panel.queries.filter(({ expression }) => !needsKafka(expression));
    await queriesGiveData(t, prometheus, { ...panel, queries });
  }

  await t.test('the variables have values', async () => {
    for (const dashboard of dashboards) {
      for (const variable of dashboard.templating?.list ?? []) {
        const query = /^label_values\((\w+), (\w+)\)$/.exec(String(variable.query));
        if (variable.type === 'datasource') continue;
        assert.ok(query, `${dashboard.uid}: ${variable.name}`);
        const values = await prometheus.get<string[]>(`label/${query[2]}/values?match[]=${query[1]}`);
        assert.ok(values.length > 0, `${dashboard.uid}: ${variable.name}`);
      }
    }
  });

  await t.test('what is recorded has data, and every rule is healthy', async () => {
    for (const { name } of rules.filter((rule) => rule.kind === 'record')) {
      await until(async () => (await prometheus.query(name)).some(({ value }) => Number.isFinite(value)), {
        what: `${name} has data`,
      });
    }
    type Groups = { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
    const { groups } = await prometheus.get<Groups>('rules');
    const loaded = groups.flatMap((group) => group.rules);
    assert.equal(loaded.length, rules.length);
    assert.deepEqual(
      loaded.filter((rule) => rule.health !== 'ok'),
      [],
    );
  });

  await t.test('a loaded, healthy server pages nobody; one whose Postgres is gone shows it', async () => {
    const firing = 'ALERTS{alertstate="firing", severity="page", alertname!~"Usage(Error|Latency)Budget.*"}';
    assert.deepEqual(await prometheus.query(firing), []);
    await postgres.stop();
    const pending = 'ALERTS{alertname="UsagePostgresAway"}';
    await until(async () => (await prometheus.query(pending)).length > 0, {
      what: 'UsagePostgresAway is pending',
    });
    await postgres.restart();
    await until(async () => (await prometheus.query(pending)).length === 0, {
      what: 'UsagePostgresAway is over',
    });
  });
});
