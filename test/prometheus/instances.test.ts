/** One real Prometheus with this project's configuration and rules, over two real instances. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/kafka-instance.ts';
import { startTestPostgres } from '../support/postgres.ts';
import { startPrometheus } from '../support/prometheus-server.ts';
import { needsPrometheus } from '../support/prometheus-tools.ts';
import { until } from '../support/until.ts';

test('every instance is scraped, told apart, added up, and missed', needsPrometheus, async (t) => {
  const postgres = await startTestPostgres({ t });
  const instances: Instance[] = [];
  for (let n = 0; n < 2; n++) {
    // One after the other: a port that is free for one is taken when the next is chosen.
    const env = { USAGE_FRONTS: '1', DATABASE_URL: await postgres.createDatabase() };
    const instance = await createInstance(env);
    t.after(() => instance.close());
    await instance.start();
    instances.push(instance);
  }
  const [first, second] = instances.map((instance) => new URL(instance.adminUrl).host) as [string, string];
  const prometheus = await startPrometheus([first]);
  t.after(() => prometheus.stop());
  const byInstance = async (expression: string) =>
    Object.fromEntries(
      (await prometheus.query(expression)).map(({ labels, value }) => [labels.instance, value]),
    );
  const becomes = (expression: string, expected: Record<string, number>) =>
    until(
      async () => {
        const found = await byInstance(expression);
        const names = Object.keys(expected);
        return (
          names.length === Object.keys(found).length && names.every((name) => found[name] === expected[name])
        );
      },
      { what: `${expression} is ${JSON.stringify(expected)}` },
    );

  await becomes('up', { [first]: 1 });
  // A line in the folder is enough, without a restart.
  await prometheus.retarget([first, second]);
  await becomes('up', { [first]: 1, [second]: 1 });

  // A counter that is not there before the first usage has no rate until it grows once more.
  for (const instance of instances) await post(instance, 10);
  await becomes('sum by (instance) (usage_accepted_total)', { [first]: 10, [second]: 10 });
  await post(instances[0]!, 60);
  await post(instances[1]!, 20);
  await becomes('sum by (instance) (usage_accepted_total)', { [first]: 70, [second]: 30 });
  await becomes('sum by (instance) (usage_stored_total)', { [first]: 70, [second]: 30 });

  for (const [recorded, counter] of [
    ['job:usage_accepted:rate5m', 'usage_accepted_total'],
    ['job:usage_stored:rate5m', 'usage_stored_total'],
    ['job:usage_http_requests:rate5m', 'usage_http_requests_total'],
  ]) {
    const rate = (host: string) => `sum by (job) (rate(${counter}{instance="${host}"}[5m]))`;
    // It was recorded up to a second ago, so it is a little off; either instance alone would be far off.
    const ratio = `${recorded} / (${rate(first)} + ${rate(second)})`;
    await until(
      async () => {
        const samples = await prometheus.query(ratio);
        return samples.length === 1 && Math.abs(samples[0]!.value - 1) < 0.05;
      },
      { what: `${ratio} is 1` },
    );
    for (const host of [first, second])
      assert.ok((await prometheus.query(rate(host)))[0]!.value > 0, `${counter} of ${host} has no rate`);
  }
  const filled = await byInstance('instance_log:usage_log_fill:ratio');
  assert.deepEqual(Object.keys(filled).sort(), [first, second].sort());

  await instances[1]!.stop();
  await becomes('up', { [first]: 1, [second]: 0 });
  const missed = 'ALERTS{alertname="UsageTargetDown"}';
  await becomes(missed, { [second]: 1 });
  await instances[1]!.start();
  await becomes('up', { [first]: 1, [second]: 1 });
  await becomes(missed, {});
});
