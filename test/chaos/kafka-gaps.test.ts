/** What Kafka does not hold any more is loud: a topic made anew, records that retention took unread. Never a skip. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { acknowledgedOffset } from '../../src/log/kafka/acknowledgement.ts';
import { frontPatience } from '../../src/log/kafka/client.ts';
import { connectProducer } from '../../src/log/kafka/connected-producer.ts';
import { createInstance, type Instance } from '../support/instance.ts';
import { kafkaSettings, skipWithoutKafka, startTestKafka, withAdmin } from '../support/kafka.ts';
import { allStored, kafkaEnvironment, kafkaIsUp, post, storedOf } from '../support/kafka-instance.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { numberedId, numberedRecord } from '../support/usage-records.ts';

const kafka = await startTestKafka();
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka);
const postgres = skip ? null : await startTestPostgres();
const entry = fileURLToPath(new URL('../../bin/usage-ingest.js', import.meta.url));
const partitions = 2;

async function makeInstance() {
  const databaseUrl = await postgres!.createDatabase();
  const env: Record<string, string> = {
    ...kafkaEnvironment(kafka!.brokers),
    USAGE_KAFKA_PARTITIONS: `${partitions}`,
    // So that every partition holds records, and has a gap.
    USAGE_KAFKA_STAY_MS: '0',
  };
  const instance = await createInstance({ USAGE_FRONTS: '1', DATABASE_URL: databaseUrl, ...env });
  const acceptGap = (id: number) =>
    promisify(execFile)(process.execPath, [entry, 'positions', 'accept-gap', '--gap', `${id}`], {
      env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl, DATA_DIR: instance.dataDir },
    });
  const gaps = () =>
    query<{ id: string; partition: string; reason: string; to_position: string | null }>(
      databaseUrl,
      'select id, partition, reason, to_position from log_gaps where accepted_at is null order by partition',
    );
  return { instance, topic: env.USAGE_KAFKA_TOPIC!, databaseUrl, gaps, acceptGap };
}

type Made = Awaited<ReturnType<typeof makeInstance>>;

const makeAnew = (topic: string) =>
  withAdmin(kafka!.brokers, async (admin) => {
    await admin.deleteTopics({ topics: [topic] });
    await until(
      () => admin.createTopics({ topics: [{ topic, numPartitions: partitions }] }).catch(() => false),
      { what: 'the topic is made anew' },
    );
  });

/** Every partition stops with a gap of this kind; accepted, it goes on, and what came since is stored. */
async function gapsAreLoudThenAccepted(
  made: Made,
  later: () => Promise<string[]>,
  reason = 'out_of_range',
): Promise<void> {
  const { instance, gaps, acceptGap } = made;
  const ids = await later();
  const found = await until(async () => ((await gaps()).length === partitions ? gaps() : null), {
    what: 'every partition has a gap',
    timeoutMs: 90_000,
  });
  assert.deepEqual(
    found.map((each) => each.reason),
    [reason, reason],
  );
  await until(async () => (await instance.metric('usage_log_gaps_total')) >= partitions, {
    what: 'they are counted',
  });
  for (const { id } of found) await acceptGap(Number(id));
  await until(async () => (await storedOf(instance, ids)) === ids.length, {
    what: 'what came since is stored',
    timeoutMs: 90_000,
  });
  assert.deepEqual(await gaps(), []);
}

const groupsOf = async (instance: Instance, count: number) => {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(...(await post(instance, 1)));
  return ids;
};

/** Runs, with records in every partition, all of them stored. */
async function instanceWithUsages(t: TestContext): Promise<Made> {
  const made = await makeInstance();
  const { instance } = made;
  t.after(() => instance.close());
  await instance.start();
  await kafkaIsUp(instance, 1);
  await allStored(instance, await groupsOf(instance, 20));
  return made;
}

test('a topic made anew while nobody looked', { skip }, async (t) => {
  const made = await instanceWithUsages(t);
  const { instance, topic } = made;
  await instance.stop();
  await makeAnew(topic);
  await instance.start();
  await gapsAreLoudThenAccepted(made, () => groupsOf(instance, 4));
});

test('a topic made anew under a running writer', { skip }, async (t) => {
  const made = await instanceWithUsages(t);
  const { instance, topic } = made;
  await makeAnew(topic);
  await gapsAreLoudThenAccepted(made, () => groupsOf(instance, 4));
});

test('retention took unread records', { skip }, async (t) => {
  const made = await instanceWithUsages(t);
  const { instance, topic } = made;
  for (const pid of await instance.pids('writer')) process.kill(pid, 'SIGSTOP');
  const lost = await groupsOf(instance, 20);
  await withAdmin(kafka!.brokers, async (admin) => {
    const ends = await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({
      topic,
      partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
    });
  });
  for (const pid of await instance.pids('writer')) process.kill(pid, 'SIGKILL');
  await gapsAreLoudThenAccepted(made, () => groupsOf(instance, 4));
  assert.equal(await storedOf(instance, lost), 0);
});

/** Usages numbered from 0, `recordsEach` records of one into every partition, past the instance. @returns their ids */
async function fill(topic: string, recordsEach: number): Promise<string[]> {
  const settings = kafkaSettings(kafka!.brokers, { USAGE_KAFKA_TOPIC: topic });
  const ids: string[] = [];
  // Its metadata may lag behind the topic's: then it is tried once more, and identity drops what repeats.
  await until(
    async () => {
      ids.length = 0;
      const producer = await connectProducer(settings, {
        clientId: 'test',
        patience: frontPatience,
        inFlightMax: 5,
      });
      const sent = Array.from({ length: partitions * recordsEach }, async (_, number) => {
        ids.push(numberedId(number));
        const { header, rows } = numberedRecord(number, 1);
        const partition = number % partitions;
        return acknowledgedOffset(await producer.send(partition, header, rows, 5_000), topic, partition);
      });
      return Promise.all(sent)
        .catch(() => null)
        .finally(() => producer.close());
    },
    { what: 'the topic is filled' },
  );
  return ids;
}

test('a topic made anew and refilled past what was read, while the writer stood still', {
  skip,
}, async (t) => {
  const made = await instanceWithUsages(t);
  const { instance, topic } = made;
  const pids = await instance.pids('writer');
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  // How long it stands still: no fetch is under way any more that the topic's end would answer, and the group waits.
  await new Promise((resolve) => setTimeout(resolve, 400));
  await makeAnew(topic);
  const ids = await fill(topic, 30);
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  await gapsAreLoudThenAccepted(made, async () => ids, 'mismatch');
});
