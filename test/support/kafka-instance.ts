/** What tests of a whole instance on Kafka share: its settings, posts that must be answered 201, and the final look. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Instance } from './instance.ts';
import { kafkaSettings } from './kafka.ts';
import { until } from './until.ts';

/** The append's deadline, the local append, and a busy machine. */
const answerMsMax = 10_000;

/** The environment of an instance with a topic and a group of the test's own. */
export function kafkaEnvironment(brokers: string): Record<string, string> {
  const { USAGE_KAFKA_TOPIC, USAGE_KAFKA_GROUP } = kafkaSettings(brokers);
  return { KAFKA_BROKERS: brokers, USAGE_KAFKA_TOPIC, USAGE_KAFKA_GROUP, USAGE_KAFKA_PROBE_MS: '200' };
}

/** One usage to an instance, and how it was answered. */
export async function tryPost(
  instance: Instance,
): Promise<{ status: number; id: string; response: Response }> {
  const id = randomUUID();
  const response = await fetch(`${instance.url}/api/usages`, {
    method: 'POST',
    body: JSON.stringify({ id, patientId: id, medication: 'Albuterol', timestamp: 1_478_009_511_000 }),
    signal: AbortSignal.timeout(answerMsMax),
  });
  return { status: response.status, id, response };
}

/** `count` usages, ten at once, each of which must be answered 201 in time. @returns their ids */
export async function post(instance: Instance, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const size = Math.min(10, count - ids.length);
    const answers = await Promise.all(Array.from({ length: size }, () => tryPost(instance)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array.from({ length: size }, () => 201),
    );
    ids.push(...answers.map(({ id }) => id));
  }
  return ids;
}

/** Fronts acknowledge before the database is there, so a test may be quicker than its migrations. */
async function connectMigrated(connectionString: string): Promise<pg.Client> {
  return until(
    async () => {
      const database = new pg.Client({ connectionString });
      try {
        await database.connect();
        const { rows } = await database.query("SELECT to_regclass('usages') IS NOT NULL AS there");
        if (rows[0].there) return database;
      } catch {
        // not yet
      }
      await database.end().catch(() => {});
      return null;
    },
    { what: 'the database has its tables' },
  );
}

/** Waits until the ids are stored and nothing is left over, then demands each exactly once and nothing else. */
export async function allStored(instance: Instance, ids: readonly string[]): Promise<void> {
  const database = await connectMigrated(await instance.databaseUrl());
  try {
    const stored = async () => (await database.query<{ id: string }>('SELECT id FROM usages')).rows;
    await until(async () => (await stored()).length >= ids.length, {
      what: 'all usages are stored',
      timeoutMs: 120_000,
    });
    await until(async () => (await instance.metric('usage_log_backlog_records')) === 0, {
      what: 'the backlog is 0',
    });
    assert.deepEqual((await stored()).map(({ id }) => id).sort(), ids.toSorted());
    assert.deepEqual((await database.query('SELECT * FROM log_gaps')).rows, []);
    assert.deepEqual((await database.query('SELECT * FROM dead_letters')).rows, []);
  } finally {
    await database.end();
  }
}

/** Waits until so many fronts say that Kafka acknowledges. */
export async function kafkaIsUp(instance: Instance, up: number): Promise<void> {
  await until(async () => (await instance.metric('usage_kafka_up', { role: 'front' })) === up, {
    what: `usage_kafka_up is ${up}`,
  });
}

/** How many of the ids are stored. */
export async function storedOf(instance: Instance, ids: readonly string[]): Promise<number> {
  const database = await connectMigrated(await instance.databaseUrl());
  try {
    const { rows } = await database.query('SELECT count(*) FROM usages WHERE id = any($1)', [ids]);
    return Number(rows[0].count);
  } finally {
    await database.end();
  }
}
