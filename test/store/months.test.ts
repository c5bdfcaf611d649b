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

/** The first moment of the month after the one of `at`. */
function nextMonth(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
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
    const startedAtMs = Date.now();
    await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(url)) === 3, { what: 'rows' });
    await until(async () => (await months(url)).length >= 5, { what: 'the next month' });
    const filled = ['usages_2000_01', 'usages_2016_11', 'usages_2016_12'];
    const expectedAt = (at: number) => [...filled, name(at), name(nextMonth(at))];
    // The writer looked at its clock in between, and a month may have ended since.
    const made = await months(url);
    const isOfStart = name(startedAtMs) === made[3];
    assert.deepEqual(made, expectedAt(isOfStart ? startedAtMs : Date.now()));
    for (const table of filled) assert.equal(await count(url, table), 1);
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
    await until(async () => (await count(url)) === 12, { what: 'the rest' });
    assert.equal(await count(url, 'usages_2004_01_2'), 1);
    assert.equal(writer.logged.count('month_detached'), 1);
    assert.equal(writer.logged.count('store_failing'), 0);
  });

  it('that were detached and kept their names hold up nothing', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 10));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(url)) === 10, { what: 'rows' });
    await query(url, 'alter table usages detach partition usages_2016_11');
    log.partition('p').append(numberedRecord(10, 1), numberedRecord(100, 10, { usedAtMs: Date.now() }));
    await until(async () => (await count(url)) === 11, { what: 'what came late, and what came after it' });
    assert.equal(await count(url, 'usages_2016_11'), 10);
    assert.equal(await count(url, 'usages_2016_11_2'), 1);
    assert.equal(writer.logged.count('month_detached'), 1);
    // What the runbook says puts both together again.
    await query(
      url,
      `begin; alter table usages detach partition usages_2016_11_2;
       insert into usages_2016_11 select * from usages_2016_11_2 on conflict do nothing;
       drop table usages_2016_11_2;
       alter table usages attach partition usages_2016_11 for values from ('2016-11-01 00:00+00') to ('2016-12-01 00:00+00');
       commit`,
    );
    assert.equal(await count(url), 21);
  });

  it('are made around partitions of an operator that cover a part of the month, a year, or all', async (t) => {
    const url = await postgres.createDatabase();
    const of = (from: string, to: string) => `partition of usages for values from ('${from}') to ('${to}')`;
    await query(url, `create table week ${of('2016-11-08 00:00:00.000123+00', '2016-11-15 00:00+00')}`);
    await query(url, `create table last_days ${of('2016-11-28 00:00+00', '2016-12-05 00:00+00')}`);
    await query(url, `create table y2003 ${of('2003-01-01 00:00+00', '2004-01-01 00:00+00')}`);
    const log = createMemoryLog();
    const days = [1, 7, 8, 10, 14, 15, 20, 27, 28, 30].map((day) => Date.UTC(2016, 10, day));
    const instants = [...days, Date.UTC(2016, 11, 4), Date.UTC(2016, 11, 5), Date.UTC(2003, 5, 1)];
    log.partition('p').append(testRecord(instants.map((usedAtMs, n) => ({ id: numberedId(n), usedAtMs }))));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(url)) === instants.length, { what: 'all rows' });
    assert.equal(writer.logged.count('store_failing'), 0);
    // The week begins 123 microseconds after midnight.
    const tables = ['usages_2016_11', 'week', 'usages_2016_11_2', 'last_days', 'usages_2016_12', 'y2003'];
    assert.deepEqual(await Promise.all(tables.map((table) => count(url, table))), [3, 2, 3, 3, 1, 1]);
    await query(url, 'create table rest partition of usages default');
    log.partition('p').append(testRecord([{ id: numberedId(90), usedAtMs: Date.UTC(2009, 5, 1) }]));
    await until(async () => (await count(url, 'rest')) === 1, { what: 'what the default one takes' });
  });
});
