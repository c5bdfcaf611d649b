/** Writers as a consumer group: a zombie, a rebalance, and a second group by mistake store nothing twice. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createInstance } from '../support/instance.ts';
import { skipWithoutKafka, startTestKafka, withAdmin } from '../support/kafka.ts';
import { allStored, kafkaEnvironment, kafkaIsUp, post, storedOf } from '../support/kafka-instance.ts';
import { query } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const kafka = await startTestKafka();
after(() => kafka?.stop());

const entry = fileURLToPath(new URL('../../bin/usage-ingest.js', import.meta.url));

test('two more writers, one of them in another group, and one that is stopped past its session', {
  skip: skipWithoutKafka(kafka),
}, async (t) => {
  const env = kafkaEnvironment(kafka!.brokers);
  const instance = await createInstance({ USAGE_FRONTS: '1', ...env });
  t.after(() => instance.close());
  await instance.start();
  await kafkaIsUp(instance, 1);
  const databaseUrl = await instance.databaseUrl();

  function startWriter(worker: number, more: Record<string, string> = {}): ChildProcess {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', entry, 'start', '--role', 'writer', '--worker', `${worker}`],
      {
        env: {
          PATH: process.env.PATH,
          DATABASE_URL: databaseUrl,
          DATA_DIR: instance.dataDir,
          ADMIN_PORT: '0',
          ...env,
          ...more,
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    t.after(() => child.kill('SIGKILL'));
    return child;
  }

  /** Members of the group that hold partitions. */
  const members = (groupId: string) =>
    withAdmin(kafka!.brokers, async (admin) => {
      const { groups } = await admin.describeGroups([groupId]);
      return groups[0]?.members.filter(({ memberAssignment }) => memberAssignment.length > 0).length ?? 0;
    });
  const membersAre = (groupId: string, count: number) =>
    until(async () => (await members(groupId)) === count, { what: `${groupId} has ${count} members` });

  const group = env.USAGE_KAFKA_GROUP!;
  const zombie = startWriter(1);
  await membersAre(group, 2);
  const other = `${group}-by-mistake`;
  startWriter(2, { USAGE_KAFKA_GROUP: other });
  await membersAre(other, 1);

  const ids = await post(instance, 300);
  zombie.kill('SIGSTOP');
  ids.push(...(await post(instance, 300)));
  await until(async () => (await storedOf(instance, ids)) === ids.length, { what: 'the others store it' });
  await membersAre(group, 1);
  ids.push(...(await post(instance, 100)));
  zombie.kill('SIGCONT');
  ids.push(...(await post(instance, 100)));
  await membersAre(group, 2);
  ids.push(...(await post(instance, 300)));
  await allStored(instance, ids);
  const positions = await query<{ records: string }>(
    databaseUrl,
    "select sum(position) as records from log_positions where source like 'kafka:%'",
  );
  const ends = await withAdmin(kafka!.brokers, (admin) => admin.fetchTopicOffsets(env.USAGE_KAFKA_TOPIC!));
  const end = ends.reduce((sum, { high }) => sum + Number(high), 0);
  assert.equal(Number(positions[0]!.records), end, 'every position stands at its end');
  // For lag tools: Kafka's own offsets follow.
  await until(
    () =>
      withAdmin(kafka!.brokers, async (admin) => {
        const committed = await admin.fetchOffsets({ groupId: group, topics: [env.USAGE_KAFKA_TOPIC!] });
        const sum = committed[0]!.partitions.reduce(
          (total, { offset }) => total + Math.max(0, Number(offset)),
          0,
        );
        return sum === end;
      }),
    { what: 'the committed offsets have followed' },
  );
});
