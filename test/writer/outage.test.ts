import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pg from 'pg';
import { createMemoryLog } from '../support/memory-log.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedRecord } from '../support/usage-records.ts';

const postgres = await startTestPostgres({ fsync: true });

async function counts(url: string) {
  const [row] = await query<{ all: number; distinct: number }>(
    url,
    'select count(*)::int as all, count(distinct id)::int as distinct from usages',
  );
  return row!;
}

describe('a writer while Postgres', { concurrency: false }, () => {
  it('is killed in the middle of a batch, again and again: nothing is lost, nothing twice', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    let number = 0;
    const append = (records: number) => {
      for (let n = 0; n < records; n += 1) {
        log.partition(`p${n % 3}`).append(numberedRecord(number, 100));
        number += 100;
      }
    };
    append(100);
    const settings = { USAGE_WRITER_BATCH_BYTES_MAX: '65536' };
    const writer = await startTestWriter(t, log.reader(), url, settings);
    for (let round = 1; round <= 3; round += 1) {
      const seen = await writer.metric('usage_stored_total');
      append(100);
      await until(async () => (await writer.metric('usage_stored_total')) > seen, { what: 'batches' });
      process.kill(postgres.pid, 'SIGKILL');
      await until(async () => (await writer.metric('usage_postgres_up')) === 0, {
        what: 'the loss to be seen',
      });
      append(10);
      await postgres.restart();
      await until(async () => (await writer.metric('usage_postgres_up')) === 1, { what: 'it to be back' });
    }
    await until(async () => (await counts(url)).distinct === number, { what: 'all rows' });
    assert.deepEqual(await counts(url), { all: number, distinct: number });
    // One line a change of state, however many tries there were.
    assert.equal(writer.logged.count('postgres_away'), 3);
    assert.equal(writer.logged.count('postgres_back'), 3);
    const [letters] = await query<{ n: number }>(url, 'select count(*)::int as n from dead_letters');
    assert.equal(letters!.n, 0);
  });

  it('is away at the start: the writer is started, and stores once it is there', async (t) => {
    const url = await postgres.createDatabase();
    await postgres.stop();
    const log = createMemoryLog();
    for (let n = 0; n < 50; n += 1) log.partition(`p${n}`).append(numberedRecord(n * 100, 100));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(() => writer.logged.count('postgres_away') === 1, { what: 'the first try' });
    assert.equal(await writer.metric('usage_postgres_up'), 0);
    await until(async () => (await writer.metric('usage_log_backlog_records')) === 50, {
      what: 'the backlog',
    });
    await postgres.restart();
    await until(async () => (await counts(url)).all === 5_000, { what: 'all rows' });
    assert.equal(writer.logged.count('postgres_back'), 1);
    await until(async () => (await writer.metric('usage_log_backlog_records')) === 0, { what: 'no backlog' });
    assert.equal(await writer.metric('usage_log_oldest_seconds'), 0);
  });

  it('is away for good: the writer stops all the same', async (t) => {
    const url = await postgres.createDatabase();
    await postgres.stop();
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 1));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(() => writer.logged.count('postgres_away') === 1, { what: 'the first try' });
    await writer.stop();
    await postgres.restart();
  });

  it('cancels statements that take too long: batches get smaller until they pass', async (t) => {
    const url = await postgres.createDatabase();
    await query(
      url,
      `create function slow() returns trigger language plpgsql as
       $$ begin perform pg_sleep(0.002); return new; end $$`,
    );
    await query(url, 'create trigger slow before insert on usages for each row execute function slow()');
    const name = new URL(url).pathname.slice(1);
    await query(url, `alter database ${name} set statement_timeout = '1s'`);
    const log = createMemoryLog();
    for (let n = 0; n < 20; n += 1) log.partition('p').append(numberedRecord(n * 100, 100));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(async () => (await counts(url)).all === 2_000, { what: 'all rows', timeoutMs: 60_000 });
    assert.deepEqual(await counts(url), { all: 2_000, distinct: 2_000 });
    assert.equal(await writer.metric('usage_dead_letters_total'), 0);
  });

  it('has somebody hold a lock: it waits without ending who is none of ours, then goes on', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 10));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(async () => (await counts(url)).all === 10, { what: 'rows' });
    const operator = new pg.Client(url);
    await operator.connect();
    t.after(() => operator.end());
    await operator.query('begin; select * from log_positions for update');
    log.partition('p').append(numberedRecord(10, 10));
    await until(() => writer.logged.count('store_failing') === 1, { what: 'the lock to time out' });
    await operator.query('commit');
    await until(async () => (await counts(url)).all === 20, { what: 'the rest' });
    // Others see the rows before the writer has the answer to its commit.
    await until(() => writer.logged.count('store_recovered') === 1, { what: 'the recovery' });
    assert.equal(writer.logged.count('writer_blocker_ended'), 0);
  });

  it('gave its sessions a setting that stops them: once it is undone, new sessions store', async (t) => {
    const url = await postgres.createDatabase();
    await query(
      url,
      `create function slow() returns trigger language plpgsql as
       $$ begin perform pg_sleep(0.2); return new; end $$`,
    );
    await query(url, 'create trigger slow before insert on usages for each row execute function slow()');
    const name = new URL(url).pathname.slice(1);
    await query(url, `alter database ${name} set statement_timeout = '100ms'`);
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 2));
    const writer = await startTestWriter(t, log.reader(), url, { USAGE_WRITER_CONNECTIONS: '1' });
    await until(() => writer.logged.count('store_failing') === 1, { what: 'the failure' });
    await query(postgres.url, `alter database ${name} reset statement_timeout`);
    await until(async () => (await counts(url)).all === 2, { what: 'rows' });
  });

  it('is no server to store into: told with what to do, and tried until it is one', async (t) => {
    const url = await postgres.createDatabase();
    const name = new URL(url).pathname.slice(1);
    await query(url, `alter database ${name} set default_transaction_read_only = on`);
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 10));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(() => writer.logged.count('postgres_away') === 1, { what: 'the refusal' });
    assert.match(writer.logged.text(), /cannot write/);
    await query(postgres.url, `alter database ${name} set default_transaction_read_only = off`);
    await until(async () => (await counts(url)).all === 10, { what: 'rows' });
  });
});
