import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLocalReader } from '../../src/log/local/reader.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { closeAfter } from '../support/close-after.ts';
import { makeLocalLog } from '../support/local-log.ts';
import { createMemoryLog } from '../support/memory-log.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedId, numberedRecord, sampleUsedAtMs, testRecord } from '../support/usage-records.ts';

const postgres = await startTestPostgres();

async function counts(url: string): Promise<{ all: number; distinct: number }> {
  const [row] = await query<{ all: number; distinct: number }>(
    url,
    'select count(*)::int as all, count(distinct id)::int as distinct from usages',
  );
  return row!;
}

async function stored(url: string, expected: number): Promise<void> {
  await until(async () => (await counts(url)).all >= expected, { what: `${expected} rows` });
  assert.deepEqual(await counts(url), { all: expected, distinct: expected });
}

describe('a writer', { concurrency: false }, () => {
  it('stores what is there, then what comes, over several partitions, and tells the log', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    for (let p = 0; p < 20; p += 1) log.partition(`p${p}`).append(numberedRecord(p * 1000, 100));
    const writer = await startTestWriter(t, log.reader(), url);
    await stored(url, 2_000);
    for (let p = 0; p < 21; p += 1) log.partition(`p${p}`).append(numberedRecord(p * 1000 + 500, 50));
    await stored(url, 3_050);
    const part = log.partition('p20');
    await until(() => part.storedPosition === part.end, { what: 'the log to be told' });
    assert.equal(await writer.metric('usage_stored_total'), 3_050);
    assert.equal(await writer.metric('usage_duplicate_total'), 0);
    await until(async () => (await writer.metric('usage_log_backlog_records')) === 0, { what: 'no backlog' });
    assert.equal(await writer.metric('usage_postgres_up'), 1);
    const [row] = await query(url, 'select * from usages where id = $1', [numberedId(0)]);
    assert.equal(row!.patient_id, 'patient');
    assert.equal(row!.used_at.getTime(), sampleUsedAtMs);
  });

  it('lets small batches gather, and stores at a stop what gathered', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const part = log.partition('p');
    const writer = await startTestWriter(t, log.reader(), url, { USAGE_WRITER_GATHER_MS: '60000' });
    await until(async () => (await writer.metric('usage_postgres_up')) === 1, {
      what: 'Postgres to be seen',
    });
    part.append(numberedRecord(0, 10));
    await stored(url, 10);
    part.append(numberedRecord(10, 10));
    await until(async () => (await writer.metric('usage_log_backlog_records')) === 1, { what: 'a backlog' });
    part.append(numberedRecord(20, 10));
    await writer.stop();
    assert.deepEqual(await counts(url), { all: 30, distinct: 30 });
    assert.equal(part.storedPosition, part.end, 'the log was told');
    const [row] = await query(url, 'select count(distinct xmin::text)::int as transactions from usages');
    assert.equal(row!.transactions, 2);
  });

  it('stores a backlog of many segments without a pause to gather at the end of each', async (t) => {
    const url = await postgres.createDatabase();
    const log = await makeLocalLog(t);
    const appender = await log.appender({ segmentBytes: 64 * 1024 });
    for (let n = 0; n < 60; n += 1) {
      const { header, rows } = numberedRecord(n * 100, 100);
      await appender.append(header, rows);
    }
    const { logDir } = log;
    const bounds = { keepHours: 24, bytesMax: 64 << 20, segmentBytes: 64 * 1024 };
    const reader = createLocalReader({ logDir, ...bounds, logger: silentLogger });
    closeAfter(t, () => reader.stop());
    await startTestWriter(t, reader, url, { USAGE_WRITER_GATHER_MS: '60000' });
    await stored(url, 6_000);
  });

  it('goes on after a restart where it stood, and does not read again what is stored', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const part = log.partition('p');
    part.append(numberedRecord(0, 10), numberedRecord(10, 10));
    const first = await startTestWriter(t, log.reader(), url);
    await stored(url, 20);
    await first.stop();
    part.append(numberedRecord(20, 10));
    part.finish();
    const second = await startTestWriter(t, log.reader(), url);
    await stored(url, 30);
    assert.equal(await second.metric('usage_stored_total'), 10);
    assert.equal(await second.metric('usage_duplicate_total'), 0);
  });

  it('keeps the first stored of a repeat, within a batch too, and counts the others', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const id = numberedId(1);
    log
      .partition('p')
      .append(testRecord([{ id, medication: 'first' }, { id, medication: 'second' }, { id: numberedId(2) }]));
    const writer = await startTestWriter(t, log.reader(), url);
    await stored(url, 2);
    log.partition('q').append(testRecord([{ id, medication: 'third' }, { id: numberedId(3) }]));
    await stored(url, 3);
    const [row] = await query(url, 'select medication from usages where id = $1', [id]);
    assert.equal(row!.medication, 'first');
    assert.equal(await writer.metric('usage_duplicate_total'), 2);
    assert.equal(await writer.metric('usage_stored_total'), 3);
  });

  it('keeps, of repeats, those whose content is another one, and counts them apart', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const part = log.partition('p');
    part.append(numberedRecord(0, 100));
    const writer = await startTestWriter(t, log.reader(), url);
    await stored(url, 100);
    const kept = () =>
      query(
        url,
        'select patient_id, id, medication, used_at from usage_conflicts order by found_at, medication',
      );
    // Plain repeats, received at another time.
    part.append(numberedRecord(0, 100), numberedRecord(100, 1));
    await stored(url, 101);
    assert.deepEqual(await kept(), []);
    const id = numberedId(7);
    part.append(testRecord([{ id, medication: 'second' }, { id }, { id, medication: 'third' }]));
    part.append(numberedRecord(101, 1));
    await stored(url, 102);
    const conflict = { patient_id: 'patient', id, used_at: new Date(sampleUsedAtMs) };
    assert.deepEqual(await kept(), [
      { ...conflict, medication: 'second' },
      { ...conflict, medication: 'third' },
    ]);
    await until(async () => (await writer.metric('usage_conflicts_total')) === 2, { what: 'the count' });
    assert.equal(await writer.metric('usage_duplicate_total'), 103);
    assert.equal(writer.logged.count('conflicts_found'), 1);
    // A log that is read again, as after a restore, brings the same ones.
    await writer.stop();
    await query(url, 'truncate log_positions, usages');
    await startTestWriter(t, log.reader(), url);
    await stored(url, 102);
    assert.equal((await kept()).length, 2);
  });

  it('tries once the careful way what fails for a reason that it does not know', async (t) => {
    const url = await postgres.createDatabase();
    // As a distributed Postgres does: a COPY that meets a repeat is an internal error there.
    await query(
      url,
      `create function refuse() returns trigger language plpgsql as $$
       begin
         if current_query() like 'copy usages %' and exists (select from usages where id = new.id) then
           raise 'duplicate key value' using errcode = 'XX000';
         end if;
         return new;
       end $$`,
    );
    await query(url, 'create trigger refuse before insert on usages for each row execute function refuse()');
    const log = createMemoryLog();
    const part = log.partition('p');
    part.append(numberedRecord(0, 10));
    const writer = await startTestWriter(t, log.reader(), url);
    await stored(url, 10);
    part.append(numberedRecord(5, 10));
    await stored(url, 15);
    assert.equal(await writer.metric('usage_duplicate_total'), 5);
    assert.equal(writer.logged.count('store_failing'), 0);
  });

  it('is fenced by the position alone: of two at once, none ever stores what the other did', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const settings = { USAGE_WRITER_BATCH_BYTES_MAX: '8192' };
    const writers = [
      await startTestWriter(t, log.reader(), url, settings),
      await startTestWriter(t, log.reader(), url, settings),
    ];
    for (let n = 0; n < 100; n += 1) log.partition(`p${n % 2}`).append(numberedRecord(n * 50, 50));
    await stored(url, 5_000);
    for (const name of ['p0', 'p1']) {
      await until(() => log.partition(name).storedPosition === log.partition(name).end, { what: name });
    }
    const sum = async (name: string) => (await writers[0]!.metric(name)) + (await writers[1]!.metric(name));
    assert.equal(await sum('usage_stored_total'), 5_000);
    // Identity would have hidden a broken fence: a batch stored by both shows as duplicates.
    assert.equal(await sum('usage_duplicate_total'), 0);
    assert.ok(writers.some((writer) => writer.logged.count('writer_overtaken') > 0));
  });

  it('joins many small records into few transactions', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    for (let n = 0; n < 2_000; n += 1) log.partition('p').append(numberedRecord(n, 1));
    const writer = await startTestWriter(t, log.reader(), url);
    await stored(url, 2_000);
    const [row] = await query<{ n: number }>(url, 'select count(distinct xmin::text)::int as n from usages');
    assert.ok(row!.n <= 3, `${row!.n} transactions`);
    assert.equal(await writer.metric('usage_stored_total'), 2_000);
  });

  it('keeps within the bytes of a batch', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    for (let n = 0; n < 20; n += 1) log.partition('p').append(numberedRecord(n * 100, 100));
    await startTestWriter(t, log.reader(), url, { USAGE_WRITER_BATCH_BYTES_MAX: '16384' });
    await stored(url, 2_000);
    const [row] = await query<{ n: number }>(
      url,
      'select max(n)::int as n from (select count(*) as n from usages group by xmin::text) batch',
    );
    assert.ok(row!.n <= 200, `${row!.n} rows in one transaction`);
  });

  it('costs nothing for a thousand partitions that have nothing', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    for (let p = 0; p < 1_000; p += 1) {
      log.partition(`p${p}`).append(numberedRecord(p, 1));
      log.partition(`p${p}`).finish();
    }
    await startTestWriter(t, log.reader(), url);
    await stored(url, 1_000);
    const reads = () => Array.from({ length: 1_000 }, (_, p) => log.partition(`p${p}`).reads);
    await until(() => reads().every((n) => n === 2), { what: 'every partition read to its end' });
    log.partition('live').append(numberedRecord(5_000, 1));
    await stored(url, 1_001);
    assert.ok(reads().every((n) => n === 2));
  });
});
