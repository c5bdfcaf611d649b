/**
 * Three brokers, and the topic deleted and made anew with fewer partitions under two fronts: what they knew of it is
 * wrong from then on. Every usage acknowledged since the new topic was there is stored; what went with the old one is a gap.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createLineages } from '../../src/log/kafka/lineage.ts';
import { createInstance } from '../support/instance.ts';
import { kafkaSettings, skipWithoutKafka, startOwnKafka, withAdmin } from '../support/kafka.ts';
import {
  allStored,
  kafkaEnvironment,
  kafkaIsUp,
  post,
  storedOf,
  tryPost,
} from '../support/kafka-instance.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const kafka = await startOwnKafka({ nodes: 3 });
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka);
const postgres = skip ? null : await startTestPostgres();
const entry = fileURLToPath(new URL('../../bin/usage-ingest.js', import.meta.url));
const clients = 8;
const loadMs = 4_000;

async function start() {
  const databaseUrl = await postgres!.createDatabase();
  const env: Record<string, string> = kafkaEnvironment(kafka!.brokers);
  // Every front goes to every partition it believes in.
  Object.assign(env, { USAGE_KAFKA_STAY_MS: '20', USAGE_KAFKA_PROBE_MS: '200' });
  const instance = await createInstance({ USAGE_FRONTS: '2', DATABASE_URL: databaseUrl, ...env });
  await instance.start();
  await kafkaIsUp(instance, 2);
  const topic = env.USAGE_KAFKA_TOPIC!;
  return {
    instance,
    databaseUrl,
    topic,
    settings: kafkaSettings(kafka!.brokers, { USAGE_KAFKA_TOPIC: topic }),
  };
}

type Started = Awaited<ReturnType<typeof start>>;

/** Resolves when the leader of every new partition knows the new topic. */
async function makeAnew({ topic, settings }: Started, numPartitions: number): Promise<void> {
  const lineages = createLineages(settings, 'test');
  const old = (await lineages.of(0))!;
  await withAdmin(kafka!.brokers, async (admin) => {
    await admin.deleteTopics({ topics: [topic] });
    await until(
      () =>
        admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false }).catch(() => false),
      { what: 'the topic is made anew' },
    );
  });
  for (let partition = 0; partition < numPartitions; partition++)
    await until(async () => (await lineages.of(partition).catch(() => old))?.topicId !== old.topicId, {
      what: `the leader of partition ${partition} knows the new topic`,
    });
  await lineages.close();
}

/** Posts until told to stop. @returns the ids that were acknowledged, and when each was sent */
function startLoad({ instance }: Started) {
  const sent: { id: string; atMs: number }[] = [];
  let isOver = false;
  const client = async () => {
    while (!isOver) {
      const atMs = performance.now();
      const { status, id } = await tryPost(instance);
      if (status === 201) sent.push({ id, atMs });
    }
  };
  const running = Array.from({ length: clients }, client);
  return async () => {
    isOver = true;
    await Promise.all(running);
    return sent;
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Accepts every gap that is found, until all of them are stored. */
async function storedOnceGapsAreAccepted({ instance, databaseUrl }: Started, ids: readonly string[]) {
  const gapIds = async () =>
    (await query<{ id: string }>(databaseUrl, 'select id from log_gaps where accepted_at is null')).map(
      ({ id }) => id,
    );
  await until(
    async () => {
      for (const id of await gapIds())
        await promisify(execFile)(process.execPath, [entry, 'positions', 'accept-gap', '--gap', id], {
          env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl, DATA_DIR: instance.dataDir },
        });
      return (await storedOf(instance, ids)) === ids.length;
    },
    { what: 'every usage acknowledged since the topic was made anew is stored', timeoutMs: 90_000 },
  );
}

test('made anew with fewer partitions behind idle fronts, then again under load', { skip }, async (t) => {
  const started = await start();
  const { instance, databaseUrl } = started;
  t.after(() => instance.close());
  await allStored(instance, await post(instance, 200));

  await makeAnew(started, 3);
  const idleLoad = startLoad(started);
  await pause(loadMs); // for how long the load goes on
  const afterIdle = (await idleLoad()).map(({ id }) => id);
  assert.ok(afterIdle.length > 0);
  await storedOnceGapsAreAccepted(started, afterIdle);

  const load = startLoad(started);
  await pause(loadMs / 4);
  await makeAnew(started, 2);
  const madeAtMs = performance.now();
  await pause(loadMs);
  const afterLoad = (await load()).filter(({ atMs }) => atMs > madeAtMs).map(({ id }) => id);
  assert.ok(afterLoad.length > 0);
  await storedOnceGapsAreAccepted(started, afterLoad);

  const [gaps] = await query<{ n: number }>(databaseUrl, 'select count(*)::int n from log_gaps');
  assert.ok(gaps!.n > 0, 'what went with the old topics is a gap');
  const [twice] = await query<{ n: number }>(
    databaseUrl,
    'select (count(*) - count(distinct id))::int n from usages',
  );
  assert.equal(twice!.n, 0);
});
