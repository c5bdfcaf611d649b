import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryLog } from '../support/memory-log.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedId, numberedRecord, testRecord } from '../support/usage-records.ts';

const postgres = await startTestPostgres();
const secret = 'Secretpatient';

async function count(url: string, table: 'usages' | 'dead_letters'): Promise<number> {
  const [row] = await query<{ n: number }>(url, `select count(*)::int as n from ${table}`);
  return row!.n;
}

/** 5,000 usages in ten records, the given ones of patients that a constraint refuses. */
function batch(refused: readonly number[], first = 0) {
  return Array.from({ length: 10 }, (_, r) =>
    testRecord(
      Array.from({ length: 500 }, (_, i) => {
        const n = first + r * 500 + i;
        return { id: numberedId(n), patientId: refused.includes(n) ? secret : `p${n}` };
      }),
    ),
  );
}

const refuse = `alter table usages add constraint no_secrets check (patient_id not like 'Secret%')`;

describe('poison', { concurrency: false }, () => {
  it('is cut out alone: its 4,999 neighbours are stored', async (t) => {
    const url = await postgres.createDatabase();
    await query(url, refuse);
    const log = createMemoryLog();
    const part = log.partition('p');
    part.append(...batch([2_345]));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(url, 'usages')) > 0, { what: 'rows' });
    assert.equal(await count(url, 'usages'), 4_999);
    const letters = await query(url, 'select * from dead_letters');
    assert.equal(letters.length, 1);
    assert.equal(letters[0]!.error, '23514 constraint no_secrets');
    assert.match(String(letters[0]!.line), new RegExp(`^${numberedId(2_345)}\t${secret}\t.*\n$`));
    assert.equal(letters[0]!.partition, 'p');
    await until(() => part.storedPosition === part.end, { what: 'the position to move past it' });
    assert.equal(await writer.metric('usage_stored_total'), 4_999);
    assert.equal(await writer.metric('usage_dead_letters_total'), 1);
    assert.equal(writer.logged.count('poison_found'), 1);
    assert.ok(!writer.logged.text().includes(secret), 'no value is logged');
  });

  it('of each kind is cut out: bad values, nulls, wrong numbers of fields, the end-of-data mark', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const good = numberedRecord(0, 3);
    const line = good.rows.toString().split('\n')[0]!;
    const bad = [
      line.replace(numberedId(0), 'no-uuid'),
      line.replace('patient', '\\N'),
      line.replace('2016-11-01', '2016-13-41'),
      `${line}\textra`,
      'short',
      line.replace(/\\N$/, '{"broken'),
      line.replace('Albuterol', 'a\\x00b'),
      '\\.',
    ];
    const rows = Buffer.concat([
      good.rows,
      Buffer.from(`${bad.join('\n')}\n`),
      Buffer.from(line.replace(numberedId(0), numberedId(9)).replace('patient', 'x'), 'latin1'),
      Buffer.from('\n'),
      Buffer.concat([
        Buffer.from(line.slice(0, 40)),
        Buffer.from([0xff, 0xfe]),
        Buffer.from(`${line.slice(40)}\n`),
      ]),
    ]);
    log.partition('p').append({ header: { ...good.header, count: 3 + bad.length + 2 }, rows });
    log.partition('p').append(numberedRecord(100, 200));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(url, 'usages')) > 0, { what: 'rows' });
    assert.equal(await count(url, 'usages'), 204);
    assert.equal(await count(url, 'dead_letters'), bad.length + 1);
    assert.equal(await writer.metric('usage_dead_letters_total'), bad.length + 1);
    const errors = await query<{ error: string }>(url, 'select error from dead_letters order by id');
    for (const { error } of errors) assert.match(error, /^(2\w{4}( column \w+)?|Postgres took another .*)$/);
  });

  it('among repeats is cut out too, and what no COPY line names is found by halving', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    log.partition('p').append(...batch([]));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(url, 'usages')) === 5_000, { what: 'rows' });
    // A constraint of the month's own: the staging table does not have it, so INSERT finds it and names no line.
    await query(
      url,
      `alter table usages_2016_11 add constraint no_secrets check (patient_id not like 'Secret%')`,
    );
    log.partition('p').append(...batch([7_001, 7_002], 4_000));
    await until(async () => (await count(url, 'usages')) > 5_000, { what: 'more rows' });
    assert.equal(await count(url, 'usages'), 8_998);
    assert.equal(await count(url, 'dead_letters'), 2);
    assert.equal(await writer.metric('usage_duplicate_total'), 1_000);
  });

  it('stops its partition, and no other, where there is too much of it; undone, it goes on by itself', async (t) => {
    const url = await postgres.createDatabase();
    await query(url, refuse);
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 500, { patientId: secret }));
    log.partition('q').append(numberedRecord(1_000, 500));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(() => writer.logged.count('partition_stopped') === 1, { what: 'the stop' });
    await until(async () => (await count(url, 'usages')) === 500, { what: 'the other partition' });
    assert.equal(await count(url, 'dead_letters'), 0);
    assert.equal(await writer.metric('usage_partitions_stopped'), 1);
    const entry = writer.logged.entries.find(({ event }) => event === 'partition_stopped')!;
    assert.equal(entry.fields.refusal, '23514 constraint no_secrets');
    assert.equal(log.partition('p').storedPosition, 0);
    await query(url, 'alter table usages drop constraint no_secrets');
    await until(async () => (await count(url, 'usages')) === 1_000, { what: 'all', timeoutMs: 60_000 });
    await until(async () => (await writer.metric('usage_partitions_stopped')) === 0, { what: 'the resume' });
    assert.ok(!writer.logged.text().includes(secret));
  });

  it('may be a whole record: none of ours, of unknown columns, or miscounted', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const part = log.partition('p');
    part.append(numberedRecord(0, 5));
    part.appendForeign(Buffer.from('something else'));
    part.append(testRecord([{ id: numberedId(10) }], { columns: 'id,patient_id); drop table usages; --' }));
    part.append(testRecord([{ id: numberedId(11) }], { count: 2 }));
    const open = numberedRecord(12, 1);
    part.append({ ...open, rows: open.rows.subarray(0, -1) });
    part.append(testRecord([{ id: numberedId(13) }], { months: [7] }));
    part.append(numberedRecord(20, 5));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(() => part.storedPosition === part.end, { what: 'the end' });
    assert.equal(await count(url, 'usages'), 10);
    const letters = await query(url, 'select line, error from dead_letters order by id');
    assert.deepEqual(letters.map(({ error }) => error).sort(), [
      'months out of range',
      'not a record of ours',
      'the header counts other rows than there are',
      'the last row does not end in a line feed',
      'unknown column list',
    ]);
    assert.equal(await writer.metric('usage_dead_letters_total'), 5);
    assert.ok(letters.some(({ line }) => String(line) === 'something else'));
  });

  it('is never what is unknown: a failing trigger is retried until it is gone, and told once', async (t) => {
    const url = await postgres.createDatabase();
    await query(
      url,
      `create function refuse() returns trigger language plpgsql as $$ begin raise exception '${secret}'; end $$`,
    );
    await query(url, 'create trigger refuse before insert on usages for each row execute function refuse()');
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 500));
    const writer = await startTestWriter(t, log.reader(), url);
    const reads = log.partition('p').reads;
    await until(() => log.partition('p').reads > reads + 4, { what: 'several tries' });
    assert.equal(writer.logged.count('store_failing'), 1);
    assert.equal(await writer.metric('usage_postgres_up'), 0);
    await query(url, 'drop trigger refuse on usages');
    await until(async () => (await count(url, 'usages')) === 500, { what: 'rows' });
    await until(() => writer.logged.count('store_recovered') === 1, { what: 'the recovery' });
    assert.equal(await count(url, 'dead_letters'), 0);
    assert.equal(await writer.metric('usage_postgres_up'), 1);
    assert.ok(!writer.logged.text().includes(secret));
  });

  it('a record of a newer release stops the partition after what precedes it', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 5));
    log.partition('p').appendTooNew();
    const writer = await startTestWriter(t, log.reader(), url);
    await until(() => writer.logged.count('partition_stopped') === 1, { what: 'the stop' });
    assert.equal(await count(url, 'usages'), 5);
    assert.match(writer.logged.text(), /upgrade/);
  });
});
