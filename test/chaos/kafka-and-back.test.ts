/** One DATA_DIR, local, then on Kafka, then local again, with records left over at each switch. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createInstance, type Instance } from '../support/instance.ts';
import { skipWithoutKafka, startOwnKafka } from '../support/kafka.ts';
import { allStored, kafkaEnvironment, kafkaIsUp, post, storedOf } from '../support/kafka-instance.ts';
import { startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const kafka = await startOwnKafka();
after(() => kafka?.stop());

/** Ends an instance at once: what it had not stored is left over. */
async function kill(instance: Instance): Promise<void> {
  for (const pid of await instance.pids('supervisor')) process.kill(pid, 'SIGKILL');
  await instance.ended();
}

test('nothing lost, nothing twice, no false gap', { skip: skipWithoutKafka(kafka) }, async (t) => {
  const postgres = await startTestPostgres({ t });
  const databaseUrl = await postgres.createDatabase();
  const instance = await createInstance({
    USAGE_FRONTS: '1',
    USAGE_LOG_SEGMENT_BYTES: '16384',
    // Nothing is kept that is stored or relayed: what is gone must not look like a gap.
    USAGE_LOG_KEEP_HOURS: '0',
    DATABASE_URL: databaseUrl,
  });
  t.after(() => instance.close());
  const onKafka = kafkaEnvironment(kafka!.brokers);
  const node = kafka!.cluster.nodes[0]!;

  await instance.start();
  const ids = await post(instance, 200);
  await allStored(instance, ids);
  await postgres.stop();
  const leftOver = await post(instance, 200);
  await kill(instance);
  await postgres.restart();
  assert.equal(await storedOf(instance, leftOver), 0, 'they are in the local log alone');
  ids.push(...leftOver);

  await instance.start(onKafka);
  ids.push(...(await post(instance, 200)));
  await allStored(instance, ids);
  node.kill('SIGKILL');
  await node.ended();
  const spooled = await post(instance, 200);
  await kafkaIsUp(instance, 0);
  await kill(instance);
  assert.equal(await storedOf(instance, spooled), 0, 'they are in the spool alone');
  ids.push(...spooled);

  await instance.start();
  ids.push(...(await post(instance, 200)));
  await allStored(instance, ids);

  await node.start();
  await kafka!.cluster.ready();
  await kill(instance);
  await instance.start(onKafka);
  ids.push(...(await post(instance, 50)));
  await until(async () => (await storedOf(instance, ids)) === ids.length, { what: 'and on Kafka once more' });
  await allStored(instance, ids);
});
