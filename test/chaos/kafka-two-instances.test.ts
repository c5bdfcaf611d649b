/** Two whole servers, each with its own DATA_DIR, on one Kafka and one Postgres. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createInstance } from '../support/instance.ts';
import { skipWithoutKafka, startOwnKafka } from '../support/kafka.ts';
import { allStored, kafkaEnvironment, kafkaIsUp, post, storedOf } from '../support/kafka-instance.ts';
import { until } from '../support/until.ts';

const kafka = await startOwnKafka();
after(() => kafka?.stop());

test('one is killed with a full spool and stays dead; the other serves; the spool arrives later', {
  skip: skipWithoutKafka(kafka),
}, async (t) => {
  const node = kafka!.cluster.nodes[0]!;
  const env = { USAGE_FRONTS: '1', ...kafkaEnvironment(kafka!.brokers) };
  const one = await createInstance(env);
  t.after(() => one.close());
  await one.start();
  const two = await createInstance({ ...env, DATABASE_URL: await one.databaseUrl() });
  t.after(() => two.close());
  await two.start();

  const ids = [...(await post(one, 50)), ...(await post(two, 50))];
  await allStored(one, ids);

  node.kill('SIGKILL');
  await node.ended();
  const spooled = await post(two, 100);
  await until(async () => (await two.metric('usage_spooled_total')) > 0, { what: 'it is in the spool' });
  for (const pid of await two.pids('supervisor')) process.kill(pid, 'SIGKILL');
  await two.ended();

  await node.start();
  await kafkaIsUp(one, 1);
  ids.push(...(await post(one, 50)));
  await until(async () => (await storedOf(one, ids)) === ids.length, { what: 'the other one serves' });
  assert.equal(await storedOf(one, spooled), 0, 'the spool of the dead one waits for it');

  await two.start();
  await allStored(one, [...ids, ...spooled]);
});
