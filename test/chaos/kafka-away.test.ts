/**
 * Kafka away, in each of its ways, under a whole instance: clients keep getting 201, the spool takes what Kafka
 * does not, and all of it arrives once Kafka is back, without a restart.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import pg from 'pg';
import { createInstance, type Instance } from '../support/instance.ts';
import { kafkaSettings, skipWithoutKafka, startOwnKafka } from '../support/kafka.ts';
import { until } from '../support/until.ts';

const kafka = await startOwnKafka({ started: false });
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka);

/** The append's deadline, the local append, and a busy machine. */
const answerMsMax = 5_000;

function kafkaEnvironment(): Record<string, string> {
  const { USAGE_KAFKA_TOPIC, USAGE_KAFKA_GROUP } = kafkaSettings(kafka!.brokers);
  return { KAFKA_BROKERS: kafka!.brokers, USAGE_KAFKA_TOPIC, USAGE_KAFKA_GROUP, USAGE_KAFKA_PROBE_MS: '200' };
}

/** Posts one usage; the answer must be a 201 that comes in time. @returns the id */
async function post(instance: Instance): Promise<string> {
  const response = await fetch(`${instance.url}/api/usages`, {
    method: 'POST',
    body: JSON.stringify({
      id: randomUUID(),
      patientId: randomUUID(),
      medication: 'Albuterol',
      timestamp: 1_478_009_511_000,
    }),
    signal: AbortSignal.timeout(answerMsMax),
  });
  assert.equal(response.status, 201, instance.output().slice(-2_000));
  return ((await response.json()) as { id: string }).id;
}

async function postMany(instance: Instance, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 10)
    ids.push(...(await Promise.all(Array.from({ length: 10 }, () => post(instance)))));
  return ids;
}

/** Every id exactly once, nothing else, nothing left over. */
async function allStored(instance: Instance, ids: string[]) {
  const database = new pg.Client({ connectionString: await instance.databaseUrl() });
  await database.connect();
  try {
    const stored = async () => (await database.query('SELECT id FROM usages')).rows.map(({ id }) => id);
    await until(async () => (await stored()).length >= ids.length, {
      what: 'all usages are stored',
      timeoutMs: 90_000,
    });
    await until(async () => (await instance.metric('usage_log_backlog_records')) === 0, {
      what: 'the backlog is 0',
    });
    assert.deepEqual((await stored()).sort(), ids.toSorted());
    assert.deepEqual((await database.query('SELECT * FROM log_gaps')).rows, []);
    assert.deepEqual((await database.query('SELECT * FROM dead_letters')).rows, []);
  } finally {
    await database.end();
  }
}

const isUp = (instance: Instance, up: 0 | 1) =>
  until(async () => (await instance.metric('usage_kafka_up', { role: 'front' })) === up, {
    what: `usage_kafka_up is ${up}`,
  });

test('away from the start, then there, refused, hung, killed and back: 201 all along', {
  skip,
}, async (t) => {
  const instance = await createInstance({ USAGE_FRONTS: '1', ...kafkaEnvironment() });
  t.after(() => instance.close());
  const node = kafka!.cluster.nodes[0]!;
  const ids: string[] = [];
  try {
    await instance.start();
    ids.push(...(await postMany(instance, 50)));
    await isUp(instance, 0);
    await until(async () => (await instance.metric('usage_spooled_total')) === 50, {
      what: '50 are spooled',
    });

    await kafka!.cluster.start();
    await isUp(instance, 1);
    await allStored(instance, ids);
    ids.push(...(await postMany(instance, 50)));
    await allStored(instance, ids);
    assert.equal(await instance.metric('usage_spooled_total'), 50, 'a healthy Kafka gets all of them');

    node.kill('SIGSTOP');
    ids.push(...(await postMany(instance, 50)));
    await isUp(instance, 0);
    node.kill('SIGCONT');
    await isUp(instance, 1);
    await allStored(instance, ids);

    node.kill('SIGKILL');
    await node.ended();
    ids.push(...(await postMany(instance, 50)));
    await isUp(instance, 0);
    await node.start();
    await isUp(instance, 1);
    ids.push(...(await postMany(instance, 50)));
    await allStored(instance, ids);
    assert.equal(await instance.stop(), 0);
  } catch (error) {
    console.log(instance.output().slice(-8_000));
    throw error;
  }
});
