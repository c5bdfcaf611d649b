import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import pg from 'pg';
import { from } from 'pg-copy-streams';
import {
  type ConnectionOptions,
  connectionConfig,
  InvalidDatabaseUrlError,
} from '../../src/postgres/connection.ts';
import { cut, PostgresSilentError, withDeadline } from '../../src/postgres/deadline.ts';
import { requireSuitableDatabase, UnsuitableDatabaseError } from '../../src/postgres/suitable-database.ts';
import { type Closing, closeAfter } from '../support/close-after.ts';
import { query, startTestPostgres } from '../support/postgres.ts';

const postgres = await startTestPostgres();

async function connect(
  t: Closing,
  url: string,
  options: Partial<ConnectionOptions> = {},
): Promise<pg.Client> {
  const client = new pg.Client(connectionConfig(url, { role: 'test', ...options }));
  client.on('error', () => {});
  await client.connect();
  closeAfter(t, () => client.end());
  return client;
}

test('a session speaks ISO dates in UTC, says who it is, and has the time-outs asked for', async (t) => {
  const client = await connect(t, postgres.url, { statementTimeoutMs: 1_500, lockTimeoutMs: 700 });
  const { rows } = await client.query(
    "select current_setting('TimeZone') as zone, current_setting('DateStyle') as dates, current_setting('application_name') as name, current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock",
  );
  assert.deepEqual(rows[0], {
    zone: 'UTC',
    dates: 'ISO, YMD',
    name: 'usage-ingest test',
    statement: '1500ms',
    lock: '700ms',
  });
});

test('options in the URL stay, and have the last word', async (t) => {
  const url = `${postgres.url}?options=-c%20work_mem%3D7MB%20-c%20TimeZone%3DAsia/Tokyo&application_name=mine`;
  const client = await connect(t, url);
  const { rows } = await client.query(
    "select current_setting('work_mem') as memory, current_setting('TimeZone') as zone, current_setting('DateStyle') as dates, current_setting('application_name') as name",
  );
  assert.deepEqual(rows[0], { memory: '7MB', zone: 'Asia/Tokyo', dates: 'ISO, YMD', name: 'mine' });
});

test('a URL keeps its password to the letter, and a broken one is not repeated', () => {
  const { connectionString } = connectionConfig('postgres://me:a+b%20c@host/db?sslmode=disable', {
    role: 'test',
  });
  assert.match(connectionString!, /^postgres:\/\/me:a\+b%20c@host\/db\?sslmode=disable&options=[^+]*$/);
  assert.throws(
    () => connectionConfig('postgres://me:SECRET@host:port/db', { role: 'test' }),
    (error) => error instanceof InvalidDatabaseUrlError && !/SECRET/.test(inspect(error)),
  );
});

test('a database that cannot hold usages is refused with the reason', async (t) => {
  await requireSuitableDatabase(await connect(t, postgres.url));
  const refusedFor = (reason: string) => (error: unknown) =>
    error instanceof UnsuitableDatabaseError && error.reason === reason;
  await query(postgres.url, "create database latin encoding 'LATIN1' locale 'C' template template0");
  const latin = await connect(t, postgres.url.replace(/[^/]*$/, 'latin'));
  await assert.rejects(requireSuitableDatabase(latin), refusedFor('encoding'));
  await query(postgres.url, 'create database reading');
  await query(postgres.url, 'alter database reading set default_transaction_read_only = on');
  const reading = await connect(t, postgres.url.replace(/[^/]*$/, 'reading'));
  await assert.rejects(requireSuitableDatabase(reading), refusedFor('read_only'));
});

test('a server that hangs does not hang us: not in a query, not in a COPY, not in connecting', async (t) => {
  const hung = await startTestPostgres({ t: { after: (close) => closeAfter(t, close) } });
  const inQuery = await connect(t, hung.url, { queryTimeoutMs: 300 });
  const inCopy = await connect(t, hung.url);
  await inCopy.query('create table copied (n int)');
  // Of a whole instance that hangs; its postmaster alone would leave the backends answering.
  const backends = await query<{ pid: number }>(
    hung.url,
    'select pid from pg_stat_activity where pid <> pg_backend_pid()',
  );
  const pids = [hung.pid, ...backends.map(({ pid }) => pid)];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await assert.rejects(inQuery.query('select 1'), /timeout/);
    await assert.rejects(
      withDeadline(
        () => cut(inCopy),
        300,
        async () => {
          const copy = inCopy.query(from('copy copied from stdin'));
          const done = new Promise((resolve, reject) => {
            copy.once('finish', resolve);
            copy.once('error', reject);
          });
          copy.end('1\n');
          await done;
        },
      ),
      PostgresSilentError,
    );
    await assert.rejects(inCopy.query('select 1'), 'its connection is cut');
    const late = new pg.Client(connectionConfig(hung.url, { role: 'test', connectTimeoutMs: 300 }));
    late.on('error', () => {});
    await assert.rejects(late.connect(), /timeout/);
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
});

test('work within its deadline gives its result, and its own error', async (t) => {
  const client = await connect(t, postgres.url);
  const { rows } = await withDeadline(
    () => cut(client),
    60_000,
    () => client.query('select 1 as n'),
  );
  assert.deepEqual(rows, [{ n: 1 }]);
  await assert.rejects(
    withDeadline(
      () => cut(client),
      60_000,
      () => client.query('select nothing'),
    ),
    { code: '42703' },
  );
});
