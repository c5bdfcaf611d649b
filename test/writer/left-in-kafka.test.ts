/** A writer of the local log says what may have been left in Kafka, and nothing where there is no such thing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryLog } from '../support/memory-log.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedRecord } from '../support/usage-records.ts';

const postgres = await startTestPostgres();
const sources = [
  ['kafka:one/usages', '2 days'],
  ['kafka:old/usages', '31 days'],
  ['local:another', '1 day'],
];

test('a topic that was stored from lately is named at the start, one that can hold nothing any more is not', async (t) => {
  const databaseUrl = await postgres.createDatabase();
  const log = createMemoryLog();
  log.partition('0').append(numberedRecord(0, 1));
  const first = await startTestWriter(t, log.reader(), databaseUrl);
  await until(() => log.partition('0').storedPosition > 0, { what: 'the record to be stored' });
  await first.stop();
  assert.equal(first.logged.count('kafka_left'), 0);
  for (const [source, age] of sources)
    await query(
      databaseUrl,
      "insert into log_positions (source, partition, position, updated_at) values ($1, '0', 5, now() - $2::interval)",
      [source, age],
    );
  const second = await startTestWriter(t, log.reader(), databaseUrl);
  await until(() => second.logged.count('kafka_left') > 0, { what: 'it is said' });
  await second.stop();
  const said = second.logged.entries.filter(({ event }) => event === 'kafka_left');
  assert.deepEqual(
    said.map(({ fields }) => fields.source),
    ['kafka:one/usages'],
  );
});
