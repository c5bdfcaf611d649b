/** Every panel against a real Prometheus that scrapes a server on a real Kafka, before, while and after it is away. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { dashboards } from '../../grafana/generate.ts';
import { dashboardPanels } from '../support/dashboard-panels.ts';
import { createInstance } from '../support/instance.ts';
import { skipWithoutKafka, startOwnKafka } from '../support/kafka.ts';
import { kafkaEnvironment, kafkaIsUp, post } from '../support/kafka-instance.ts';
import { kafkaMetricNames } from '../support/metric-names.ts';
import { filledIn, queriesGiveData } from '../support/panel-queries.ts';
import { startPrometheus } from '../support/prometheus-server.ts';
import { needsPrometheus } from '../support/prometheus-tools.ts';
import { until } from '../support/until.ts';

const kafka = await startOwnKafka();
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka) || needsPrometheus.skip;

/** The dashboard of Kafka, and whatever elsewhere asks for a metric that is made only there. */
const panels = dashboards.flatMap((dashboard) =>
  dashboardPanels(dashboard).filter(
    ({ queries }) =>
      dashboard.uid === 'usage-ingest-kafka' ||
      queries.some(({ expression }) => kafkaMetricNames.some((name) => expression.includes(name))),
  ),
);

test('the panels of Kafka give data, and tell what happens to it', { skip, timeout: 600_000 }, async (t) => {
  const instance = await createInstance({ USAGE_FRONTS: '1', ...kafkaEnvironment(kafka!.brokers) });
  t.after(() => instance.close());
  await instance.start();
  const prometheus = await startPrometheus([new URL(instance.adminUrl).host]);
  t.after(() => prometheus.stop());
  const shownBy = async (title: string): Promise<number> => {
    const panel = panels.find(({ name }) => name === `usage-ingest-kafka: ${title}`);
    const samples = await prometheus.query(filledIn(panel!.queries[0]!.expression));
    return samples.reduce((sum, { value }) => sum + value, 0);
  };

  await kafkaIsUp(instance, 1);
  await post(instance, 50);
  await until(async () => (await shownBy('Kafka there')) === 1, { what: 'the panel shows Kafka' });
  assert.equal(await shownBy('Spooled'), 0);

  const node = kafka!.cluster.nodes[0]!;
  node.kill('SIGKILL');
  await node.ended();
  // Until both are seen: a rate needs two scrapes of a counter that grows.
  await until(
    async () => {
      await post(instance, 10);
      return (await shownBy('Spooled')) > 0 && (await shownBy('Kafka there')) === 0;
    },
    { what: 'the panels show that Kafka is away and that usages are spooled' },
  );
  await node.start();
  await until(async () => (await shownBy('Relayed')) > 0, { what: 'the panel shows what is relayed' });
  await until(async () => (await shownBy('Kafka there')) === 1, { what: 'the panel shows Kafka again' });

  // A rate has a quantile only while usages come.
  let isAsked = false;
  const posting = (async () => {
    while (!isAsked) await post(instance, 10);
  })();
  try {
    for (const panel of panels) await queriesGiveData(t, prometheus, panel);
  } finally {
    isAsked = true;
    await posting;
  }
  // By log: what waits in Kafka for the writer, and in the spool for the relay.
  const logs = await prometheus.get<string[]>('label/log/values?match[]=usage_log_backlog_records');
  assert.deepEqual(logs.sort(), ['kafka', 'local']);
});
