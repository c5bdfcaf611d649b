/**
 * A broker that takes appends and acknowledges them late, or byte by byte: clients get their 201 from the local log
 * before it does, and what both logs took is stored once.
 */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createInstance } from '../support/instance.ts';
import { skipWithoutKafka, startProxiedKafka } from '../support/kafka.ts';
import { allStored, kafkaEnvironment, kafkaIsUp, post } from '../support/kafka-instance.ts';
import type { Slowness } from '../support/slow-proxy.ts';
import { until } from '../support/until.ts';

const kafka = await startProxiedKafka();
after(() => kafka?.stop());

const appendTimeoutMs = 300;
/** No acknowledgement can come in this time in any of the ways below; an append's deadline and a busy machine fit. */
const answerMsMax = 3_000;

/** The last one can be connected to again and again: it is away only in part. */
const ways: readonly (Slowness & { way: string; isAway: boolean })[] = [
  { way: 'acknowledges after 4 s', latencyMs: 4_000, byteEveryMs: 0, isAway: true },
  { way: 'answers byte by byte', latencyMs: 0, byteEveryMs: 100, isAway: true },
  { way: 'is too slow for appends alone', latencyMs: 600, byteEveryMs: 0, isAway: false },
];

for (const { way, isAway, ...slowness } of ways)
  test(`a broker that ${way}: 201 from the local log, then back, nothing lost or twice`, {
    skip: skipWithoutKafka(kafka),
  }, async (t) => {
    const { brokers, proxy } = kafka!;
    const instance = await createInstance({
      USAGE_FRONTS: '1',
      ...kafkaEnvironment(brokers),
      USAGE_KAFKA_APPEND_TIMEOUT_MS: `${appendTimeoutMs}`,
    });
    t.after(() => instance.close());
    t.after(() => proxy.slow(null));
    const spooled = () => instance.metric('usage_spooled_total');
    try {
      await instance.start();
      await kafkaIsUp(instance, 1);
      const ids = await post(instance, 20);
      await allStored(instance, ids);
      const spooledBefore = await spooled();

      proxy.slow(slowness);
      const longest = await longestOf(20, async () => ids.push(...(await post(instance, 1))));
      if (isAway) {
        assert.ok(longest < answerMsMax, `a client waited ${longest} ms`);
        await kafkaIsUp(instance, 0);
        ids.push(...(await post(instance, 20)));
        await until(async () => (await spooled()) === spooledBefore + 40, {
          what: 'all of them are spooled',
        });
      } else {
        await until(async () => (await spooled()) > spooledBefore, { what: 'some of them are spooled' });
      }

      proxy.slow(null);
      await kafkaIsUp(instance, 1);
      ids.push(...(await post(instance, 20)));
      await allStored(instance, ids);
      const appends = (log: string) => instance.metric('usage_append_usages_sum', { log });
      const spooledUsages = await spooled();
      await until(
        async () =>
          (await appends('local')) === spooledUsages &&
          (await appends('kafka')) === ids.length - spooledUsages,
        { what: 'each append is counted for the log that acknowledged it' },
      );
      assert.equal(await instance.stop(), 0);
    } catch (error) {
      console.log(instance.output().slice(-8_000));
      throw error;
    }
  });

/** Milliseconds of the slowest of `count` calls, one after the other. */
async function longestOf(count: number, call: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  for (let i = 0; i < count; i++) {
    const beganAtMs = performance.now();
    await call();
    longest = Math.max(longest, performance.now() - beganAtMs);
  }
  return longest;
}
