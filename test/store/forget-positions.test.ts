/** Positions of partitions whose folders are gone do not stay for ever; every other one does. */

import assert from 'node:assert/strict';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLocalReader } from '../../src/log/local/reader.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedRecord } from '../support/usage-records.ts';
import { createTestLog } from '../support/writer-process.ts';

const postgres = await startTestPostgres();
const partition = (number: number) => `0-00000000-0000-7000-8000-00000000000${number}`;

async function setUp(t: TestContext) {
  const url = await postgres.createDatabase();
  const { dataDir, appender } = await createTestLog(t);
  const logDir = join(dataDir, 'log');
  const createReader = () =>
    createLocalReader({
      logDir,
      keepHours: 1,
      bytesMax: 1024 ** 3,
      segmentBytes: 1024 ** 2,
      logger: silentLogger,
    });
  const { header, rows } = numberedRecord(0, 100);
  await appender.append(header, rows);
  const reader = createReader();
  const first = await startTestWriter(t, reader, url);
  await until(async () => (await positions(url)).length === 1, { what: 'the living partition is stored' });
  await first.stop();
  const store = (source: string, name: string, days: number) =>
    query(
      url,
      'insert into log_positions (source, partition, position, updated_at) values ($1, $2, 100, now() - make_interval(days => $3))',
      [source, name, days],
    );
  return { url, logDir, source: reader.source, createReader, store };
}

async function positions(url: string): Promise<string[]> {
  const rows = await query<{ partition: string }>(
    url,
    'select partition from log_positions order by partition',
  );
  return rows.map((row) => row.partition);
}

test('a position goes with its folder, and no other', async (t) => {
  const { url, logDir, source, createReader, store } = await setUp(t);
  const [living] = await positions(url);
  await store(source, partition(1), 31);
  await store(source, partition(2), 29); // touched lately, by a copy of this DATA_DIR that runs elsewhere, say
  await store('local:another', partition(3), 31);
  await store('kafka:cluster/usages', '4', 31);
  await store(source, partition(5), 31);
  await query(
    url,
    "insert into log_gaps (source, partition, from_position, reason) values ($1, $2, 100, 'damaged')",
    [source, partition(5)],
  );
  await store(source, partition(6), 31);
  await mkdir(join(logDir, partition(6)));
  await query(url, "update log_positions set updated_at = now() - interval '31 days' where partition = $1", [
    living,
  ]);

  const kept = [partition(2), partition(3), '4', partition(5), partition(6), living!].sort();
  const writer = await startTestWriter(t, createReader(), url);
  await until(async () => !(await positions(url)).includes(partition(1)), { what: 'the old one is gone' });
  assert.deepEqual((await positions(url)).sort(), kept);
  assert.equal(writer.logged.count('position_moved_back'), 0);
  await writer.stop();

  // A database restored from a backup has it again.
  await store(source, partition(1), 60);
  const next = await startTestWriter(t, createReader(), url);
  await until(async () => !(await positions(url)).includes(partition(1)), { what: 'it is gone again' });
  assert.deepEqual((await positions(url)).sort(), kept);
  assert.equal((await query(url, 'select from usages')).length, 100);
  assert.equal(next.logged.count('log_gap_found'), 0);
});

test('a log that is not there any more loses no position', async (t) => {
  const { logDir, createReader } = await setUp(t);
  const reader = createReader();
  t.after(() => reader.stop());
  await reader.start(() => {});
  assert.deepEqual(await reader.gonePartitions([partition(1)]), [partition(1)]);
  await rename(logDir, `${logDir}-unmounted`);
  assert.deepEqual(await reader.gonePartitions([partition(1)]), []);
  await rename(`${logDir}-unmounted`, logDir);
});
