import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pg from 'pg';
import { createMemoryLog } from '../support/memory-log.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedId, numberedRecord, testRecord } from '../support/usage-records.ts';

const postgres = await startTestPostgres();

async function months(url: string): Promise<string[]> {
  const rows = await query<{ name: string }>(
    url,
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'usages'::regclass order by 1",
  );
  return rows.map((row) => row.name);
}

async function count(url: string, table = 'usages'): Promise<number> {
  const [row] = await query<{ n: number }>(url, `select count(*)::int as n from ${table}`);
  return row!.n;
}

function name(epochMs: number): string {
  return `usages_${new Date(epochMs).toISOString().slice(0, 7).replace('-', '_')}`;
}

/** The first moment of the month after now. */
function nextMonth(): number {
  const now = new Date();
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
}

describe('monthly partitions', { concurrency: false }, () => {
  it('are made for what comes, one for one usage of 2000, and ahead of time; bounds are UTC', async (t) => {
    const url = await postgres.createDatabase();
    await query(url, `alter database ${new URL(url).pathname.slice(1)} set timezone to 'Asia/Tokyo'`);
    const log = createMemoryLog();
    const edge = Date.UTC(2016, 11, 1);
    log.partition('p').append(
      testRecord([
        { id: numberedId(1), usedAtMs: edge - 1 },
        { id: numberedId(2), usedAtMs: edge },
        { id: numberedId(3), usedAtMs: Date.UTC(2000, 0, 1) },
      ]),
    );
    await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(url)) === 3, { what: 'rows' });
    const expected = [
      'usages_2000_01',
      'usages_2016_11',
      'usages_2016_12',
      name(Date.now()),
      name(nextMonth()),
    ];
    await until(async () => (await months(url)).length >= 5, { what: 'the next month' });
    assert.deepEqual(await months(url), expected);
    for (const table of expected.slice(0, 3)) assert.equal(await count(url, table), 1);
    const indexes = await query(url, "select 1 from pg_indexes where tablename = 'usages_2000_01'");
    assert.equal(indexes.length, 2);
  });

  it('are made beside a long SELECT', async (t) => {
    const url = await postgres.createDatabase();
    const analyst = new pg.Client(url);
    await analyst.connect();
    t.after(() => analyst.end());
    await analyst.query('begin; select count(*) from usages');
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 10));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(url)) === 10, { what: 'rows' });
    assert.equal(writer.logged.count('store_failing'), 0);
    await analyst.query('commit');
  });

  it('are made once by two writers at once', async (t) => {
    const url = await postgres.createDatabase();
    const usages = Array.from({ length: 60 }, (_, n) => ({
      id: numberedId(n),
      usedAtMs: Date.UTC(2005, n, 15),
    }));
    const logs = [createMemoryLog(), createMemoryLog()];
    for (const log of logs) log.partition('p').append(testRecord(usages));
    const writers = await Promise.all(logs.map((log) => startTestWriter(t, log.reader(), url)));
    await until(() => logs.every((log) => log.partition('p').storedPosition > 0), { what: 'both' });
    assert.equal(await count(url), 60);
    assert.equal((await months(url)).filter((table) => table < 'usages_2011').length, 60);
    const duplicates = await Promise.all(writers.map((writer) => writer.metric('usage_duplicate_total')));
    assert.equal(duplicates[0]! + duplicates[1]!, 60);
  });

  it('that were dropped, or that a header misses, are made; a table in the way is told', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 10));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(url)) === 10, { what: 'rows' });
    await query(url, 'drop table usages_2016_11');
    log.partition('p').append(numberedRecord(10, 10));
    await until(async () => (await count(url)) === 10, { what: 'rows again' });
    log
      .partition('p')
      .append(
        testRecord([{ id: numberedId(50), usedAtMs: Date.UTC(2003, 3, 4) }], { months: [2016 * 12 + 10] }),
      );
    await until(async () => (await count(url)) === 11, { what: 'the missed month' });
    await query(url, 'create table usages_2004_01 (x int)');
    log.partition('p').append(testRecord([{ id: numberedId(60), usedAtMs: Date.UTC(2004, 0, 4) }]));
    await until(() => writer.logged.count('store_failing') === 1, { what: 'the table in the way' });
    assert.match(writer.logged.text(), /attach it again, or rename it/);
    await query(url, 'drop table usages_2004_01');
    await until(async () => (await count(url)) === 12, { what: 'the rest' });
  });
});
