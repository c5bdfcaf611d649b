/** Whoever holds up a writer is ended only where it is surely a writer's own transaction. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pg from 'pg';
import { createMemoryLog } from '../support/memory-log.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedRecord } from '../support/usage-records.ts';

const postgres = await startTestPostgres();

async function count(url: string): Promise<number> {
  const [row] = await query<{ n: number }>(url, 'select count(*)::int as n from usages');
  return row!.n;
}

describe('an operator who holds a lock', { concurrency: false }, () => {
  for (const named of [false, true]) {
    it(`over the writer's own URL, ${named ? 'with' : 'without'} a name in it, is never ended`, async (t) => {
      const plain = await postgres.createDatabase();
      const url = named ? `${plain}?application_name=clinic` : plain;
      const log = createMemoryLog();
      log.partition('p').append(numberedRecord(0, 10));
      const writer = await startTestWriter(t, log.reader(), url);
      await until(async () => (await count(plain)) === 10, { what: 'rows' });
      const operator = new pg.Client(url);
      const ends: Error[] = [];
      operator.on('error', (error) => ends.push(error));
      await operator.connect();
      t.after(() => operator.end());
      await operator.query('begin; lock table usages in share mode');
      log.partition('p').append(numberedRecord(10, 10));
      await until(() => writer.logged.count('store_failing') === 1, { what: 'the lock to time out' });
      // The try after that looks at who holds the lock, and gives up in its turn.
      const waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock'";
      for (const there of [true, false, true, false]) {
        await until(async () => (await query(plain, waits)).length > 0 === there, { what: 'the next tries' });
      }
      await operator.query('commit');
      assert.deepEqual(ends, []);
      assert.equal(writer.logged.count('writer_blocker_ended'), 0);
      await until(async () => (await count(plain)) === 20, { what: 'the rest' });
    });
  }

  it('does not hide a stuck writer, whose transaction says what it is whatever the URL says', async (t) => {
    const plain = await postgres.createDatabase();
    const url = `${plain}?application_name=clinic`;
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 10));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(plain)) === 10, { what: 'rows' });
    const stuck = new pg.Client(url);
    stuck.on('error', () => {});
    await stuck.connect();
    t.after(() => stuck.end().catch(() => {}));
    await stuck.query(
      "begin; set local application_name = 'usage-ingest writer'; select * from log_positions for update",
    );
    log.partition('p').append(numberedRecord(10, 10));
    await until(async () => (await count(plain)) === 20, { what: 'the rest' });
    assert.equal(writer.logged.count('writer_blocker_ended'), 1);
  });
});
