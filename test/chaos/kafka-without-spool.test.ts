/** From the local log to Kafka without a spool: what the local log still holds is brought over all the same. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createInstance } from '../support/instance.ts';
import { skipWithoutKafka, startTestKafka } from '../support/kafka.ts';
import { allStored, kafkaEnvironment, post, storedOf } from '../support/kafka-instance.ts';
import { startTestPostgres } from '../support/postgres.ts';

const kafka = await startTestKafka();
after(() => kafka?.stop());

test('acknowledged by the local log, stored by way of Kafka', {
  skip: skipWithoutKafka(kafka),
}, async (t) => {
  const postgres = await startTestPostgres({ t });
  const instance = await createInstance({
    USAGE_FRONTS: '1',
    DATABASE_URL: await postgres.createDatabase(),
  });
  t.after(() => instance.close());
  await instance.start();
  const ids = await post(instance, 20);
  await allStored(instance, ids);
  await postgres.stop();
  const leftOver = await post(instance, 50);
  for (const pid of await instance.pids('supervisor')) process.kill(pid, 'SIGKILL');
  await instance.ended();
  await postgres.restart();
  assert.equal(await storedOf(instance, leftOver), 0, 'they are in the local log alone');

  await instance.start({ ...kafkaEnvironment(kafka!.brokers), USAGE_SPOOL: 'off' });
  ids.push(...leftOver, ...(await post(instance, 20)));
  await allStored(instance, ids);
});
