/**
 * Kafka away, in each of its ways, under a whole instance: clients keep getting 201, the spool takes what Kafka
 * does not, and all of it arrives once Kafka is back, without a restart.
 */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createInstance } from '../support/instance.ts';
import { skipWithoutKafka, startOwnKafka } from '../support/kafka.ts';
import {
  allStored,
  kafkaEnvironment,
  kafkaIsUp,
  post,
  storedOf,
  tryPost,
} from '../support/kafka-instance.ts';
import { until } from '../support/until.ts';

const kafka = await startOwnKafka({ started: false });
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka);

test('away from the start, then there, refused, hung, killed and back: 201 all along', {
  skip,
}, async (t) => {
  const instance = await createInstance({ USAGE_FRONTS: '1', ...kafkaEnvironment(kafka!.brokers) });
  t.after(() => instance.close());
  const node = kafka!.cluster.nodes[0]!;
  const ids: string[] = [];
  try {
    await instance.start();
    ids.push(...(await post(instance, 50)));
    await kafkaIsUp(instance, 0);
    await until(async () => (await instance.metric('usage_spooled_total')) === 50, {
      what: '50 are spooled',
    });

    await kafka!.cluster.start();
    await kafkaIsUp(instance, 1);
    await allStored(instance, ids);
    ids.push(...(await post(instance, 50)));
    await allStored(instance, ids);
    assert.equal(await instance.metric('usage_spooled_total'), 50, 'a healthy Kafka gets all of them');

    node.kill('SIGSTOP');
    ids.push(...(await post(instance, 50)));
    await kafkaIsUp(instance, 0);
    node.kill('SIGCONT');
    await kafkaIsUp(instance, 1);
    await allStored(instance, ids);

    node.kill('SIGKILL');
    await node.ended();
    ids.push(...(await post(instance, 50)));
    await kafkaIsUp(instance, 0);
    await node.start();
    await kafkaIsUp(instance, 1);
    ids.push(...(await post(instance, 50)));
    await allStored(instance, ids);
    assert.equal(await instance.stop(), 0);
  } catch (error) {
    console.log(instance.output().slice(-8_000));
    throw error;
  }
});

test('away for longer than the spool holds: 503, then service again, nothing lost', { skip }, async (t) => {
  const instance = await createInstance({
    USAGE_FRONTS: '1',
    USAGE_LOG_SEGMENT_BYTES: '16384',
    USAGE_LOCAL_LOG_BYTES_MAX: '65536',
    ...kafkaEnvironment(kafka!.brokers),
  });
  t.after(() => instance.close());
  const node = kafka!.cluster.nodes[0]!;
  await instance.start();
  node.kill('SIGKILL');
  await node.ended();
  const ids: string[] = [];
  await until(
    async () => {
      const { status, id, response } = await tryPost(instance);
      if (status === 201) ids.push(id);
      else assert.deepEqual([status, Number(response.headers.get('retry-after')) > 0], [503, true]);
      return status === 503;
    },
    { what: 'the spool is full' },
  );
  assert.ok(ids.length > 20, 'it held something before');
  await node.start();
  await until(async () => (await tryPostInto(ids)) === 201, { what: 'usages are taken again' });
  await allStoredButUnanswered();

  async function tryPostInto(acknowledged: string[]): Promise<number> {
    const { status, id } = await tryPost(instance);
    if (status === 201) acknowledged.push(id);
    return status;
  }

  /** A 503 may have been stored after all; a 201 must be. */
  async function allStoredButUnanswered() {
    await until(async () => (await instance.metric('usage_log_backlog_records')) === 0, {
      what: 'the backlog is 0',
      timeoutMs: 120_000,
    });
    await until(async () => (await storedOf(instance, ids)) === ids.length, { what: 'all are stored' });
  }
});

test('USAGE_SPOOL=off: 503 with Retry-After while Kafka is away, then 201 again', { skip }, async (t) => {
  const instance = await createInstance({
    USAGE_FRONTS: '1',
    USAGE_SPOOL: 'off',
    ...kafkaEnvironment(kafka!.brokers),
  });
  t.after(() => instance.close());
  const node = kafka!.cluster.nodes[0]!;
  await instance.start();
  const ids = await post(instance, 20);
  node.kill('SIGKILL');
  await node.ended();
  const { status, response } = await tryPost(instance);
  assert.deepEqual([status, Number(response.headers.get('retry-after')) > 0], [503, true]);
  await kafkaIsUp(instance, 0);
  await node.start();
  await kafkaIsUp(instance, 1);
  ids.push(...(await post(instance, 20)));
  await until(async () => (await storedOf(instance, ids)) === ids.length, { what: 'all are stored' });
  assert.equal(await instance.metric('usage_spooled_total'), 0);
});
