/** The relay with a real Kafka and a real database: what it brings over, and what it shows of what it cannot. */

import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { createKafkaReader } from '../../src/log/kafka/reader.ts';
import { durableFiles } from '../../src/log/local/durable-files.ts';
import { readRelayed } from '../../src/log/local/mark.ts';
import { ReadBuffers } from '../../src/log/local/read-buffers.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createRelay } from '../../src/relay/relay.ts';
import { kafkaSettings, skipWithoutKafka, startTestKafka } from '../support/kafka.ts';
import { makeLocalLog, makeTempDir } from '../support/local-log.ts';
import { loggedEvents } from '../support/logged-events.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedRecord } from '../support/usage-records.ts';

const postgres = await startTestPostgres();
const kafka = await startTestKafka();
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka);

async function rowCount(databaseUrl: string): Promise<number> {
  const [row] = await query<{ n: number }>(databaseUrl, 'select count(*)::int as n from usages');
  return row!.n;
}

/** A local log of 101 usages, of which all but the last are stored in a database; its writer and front have stopped. */
async function makeStoredLog(t: TestContext) {
  const dataDir = await makeTempDir(t);
  const log = await makeLocalLog(t, dataDir);
  const databaseUrl = await postgres.createDatabase();
  const appender = await log.appender();
  for (let index = 0; index < 10; index += 1) {
    const { header, rows } = numberedRecord(index * 10, 10);
    await appender.append(header, rows);
  }
  const writer = await startTestWriter(t, log.createReader(), databaseUrl);
  await until(async () => (await rowCount(databaseUrl)) === 100, { what: 'all to be stored' });
  await writer.stop();
  const last = numberedRecord(100, 1);
  await appender.append(last.header, last.rows);
  await appender.stop();
  return { dataDir, folder: appender.partition!, databaseUrl };
}

test('an older database gets from Kafka what its log held, although the log says it is stored', {
  skip,
}, async (t) => {
  const { dataDir } = await makeStoredLog(t);
  const older = await postgres.createDatabase();
  const settings = kafkaSettings(kafka!.brokers, { DATA_DIR: dataDir, DATABASE_URL: older });
  const relay = createRelay({ settings, logger: silentLogger });
  t.after(() => relay.stop());
  await relay.start();
  const reader = createKafkaReader({ settings, clientId: 'relay-test', logger: silentLogger });
  const writer = await startTestWriter(t, reader, older);
  await until(async () => (await rowCount(older)) === 101, { what: 'all to be stored, by way of Kafka' });
  await writer.stop();
  assert.equal((await query(older, 'select from log_gaps')).length, 0);
});

test('what the database has of the time before Kafka does not go round', { skip }, async (t) => {
  const { dataDir, databaseUrl } = await makeStoredLog(t);
  const settings = kafkaSettings(kafka!.brokers, { DATA_DIR: dataDir, DATABASE_URL: databaseUrl });
  const logger = loggedEvents();
  const relay = createRelay({ settings, logger });
  t.after(() => relay.stop());
  await relay.start();
  await until(() => sample(relay, 'usage_relayed_total'), { what: 'the last to go into Kafka' });
  assert.equal(await sample(relay, 'usage_relayed_total'), 1);
  assert.equal(logger.count('relay_failing'), 0);
});

async function sample(relay: ReturnType<typeof createRelay>, name: string): Promise<number | undefined> {
  const metric = (await relay.registry.getMetricsAsJSON()).find((each) => each.name === name);
  return (metric?.values as { value: number }[] | undefined)?.[0]?.value;
}

test('a partition whose mark cannot be read is counted all the same, and goes once it can be', {
  skip,
}, async (t) => {
  const dataDir = await makeTempDir(t);
  const log = await makeLocalLog(t, dataDir);
  const appender = await log.appender();
  for (let index = 0; index < 5; index += 1) {
    const { header, rows } = numberedRecord(index, 1);
    await appender.append(header, rows);
  }
  await appender.stop();
  // A folder in its place: it opens, and reading fails, as on a bad disk.
  const mark = join(appender.partition!, 'relayed');
  await mkdir(mark);
  const settings = kafkaSettings(kafka!.brokers, { DATA_DIR: dataDir });
  const logger = loggedEvents();
  const relay = createRelay({ settings, logger });
  t.after(() => relay.stop());
  await relay.start();
  await until(async () => (await sample(relay, 'usage_log_backlog_records')) === 5, {
    what: 'they are counted',
  });
  assert.equal(logger.count('relay_failing'), 1);
  await rm(mark, { recursive: true });
  await until(async () => (await sample(relay, 'usage_relayed_total')) === 5, {
    what: 'all to go into Kafka',
  });
});

test('no buffer is used twice: a send that timed out may still hold what it was given', {
  skip,
}, async (t) => {
  const dataDir = await makeTempDir(t);
  const log = await makeLocalLog(t, dataDir);
  const appender = await log.appender();
  const take = t.mock.method(ReadBuffers.prototype, 'take');
  const relay = createRelay({
    settings: kafkaSettings(kafka!.brokers, { DATA_DIR: dataDir }),
    logger: silentLogger,
  });
  t.after(() => relay.stop());
  await relay.start();
  let marked = 0;
  for (let index = 0; index < 3; index += 1) {
    const { header, rows } = numberedRecord(index, 1);
    await appender.append(header, rows);
    const isMarked = async () => {
      const { to } = await readRelayed(durableFiles, appender.partition!);
      return to > marked ? to : 0;
    };
    marked = await until(isMarked, { what: 'the record to be marked as relayed' });
  }
  const buffers = take.mock.calls.map(({ result }) => result!.buffer);
  assert.equal(new Set(buffers).size, buffers.length);
});
