import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { databaseUrlCommand } from '../../src/commands/database-url.ts';
import { migrateCommand } from '../../src/commands/migrate.ts';
import { sqlCommand } from '../../src/commands/sql.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createEmbeddedPostgres } from '../../src/postgres/embedded/embedded-postgres.ts';
import { exitCode } from '../../src/system/exit-codes.ts';
import { closeAfter } from '../support/close-after.ts';
import { keptStreams } from '../support/command-streams.ts';
import { temporaryFolder } from '../support/embedded-process.ts';
import { query, startTestPostgres } from '../support/postgres.ts';

const postgres = await startTestPostgres();

const externalSettings = (url: string) => ({
  DATA_DIR: '/nonexistent',
  DATABASE_URL: url,
  USAGE_POSTGRES_PORT: 0,
});

test('sql runs several statements and prints each result', async () => {
  const url = await postgres.createDatabase();
  const io = keptStreams(
    "\\echo Uses:\nselect 'Albuterol' as medication, 3 as uses, null as note;\ncreate table t (n int); insert into t values (1), (2);\nselect n as a, n as a from t; select from t; select 1 where false",
  );
  assert.equal(await sqlCommand(externalSettings(url), '-', io), exitCode.ok);
  assert.equal(
    io.said.stdout,
    [
      'Uses:',
      ' medication | uses | note',
      '------------+------+------',
      ' Albuterol  |    3 | NULL',
      '(1 row)',
      '',
      'CREATE',
      '',
      'INSERT 2',
      '',
      ' a | a',
      '---+---',
      ' 1 | 1',
      ' 2 | 2',
      '(2 rows)',
      '',
      'SELECT 2',
      '',
      ' ?column?',
      '----------',
      '(0 rows)',
      '',
      '',
    ].join('\n'),
  );
  assert.equal(io.said.stderr, '');
});

test('sql prints the first rows of a result that is too long, and counts all', async () => {
  const io = keptStreams('select generate_series(1, 25000) as n');
  assert.equal(await sqlCommand(externalSettings(postgres.url), '-', io), exitCode.ok);
  assert.match(io.said.stdout, / 10000\n\(25000 rows, the first 10000 shown\)\n/);
});

test('sql tells where a query is wrong, in Postgres words, and fails', async () => {
  const io = keptStreams('-- a comment\nselect 1;\nselect nothing;\n');
  assert.equal(await sqlCommand(externalSettings(postgres.url), '-', io), exitCode.failure);
  assert.match(io.said.stderr, /^line 3: column "nothing" does not exist \(42703\)\n/);
  const meta = keptStreams('\\d usages\n');
  assert.equal(await sqlCommand(externalSettings(postgres.url), '-', meta), exitCode.failure);
  assert.match(meta.said.stderr, /line 1: \\d is a command of psql/);
  const missing = keptStreams();
  assert.equal(
    await sqlCommand(externalSettings(postgres.url), '/nonexistent.sql', missing),
    exitCode.failure,
  );
  assert.match(missing.said.stderr, /cannot read \/nonexistent\.sql \(ENOENT\)/);
  const copy = keptStreams('copy (select 1) to stdout; copy pg_class from stdin');
  assert.equal(await sqlCommand(externalSettings(postgres.url), '-', copy), exitCode.failure);
  const nobody = keptStreams('select 1');
  assert.equal(await sqlCommand(externalSettings('postgres://127.0.0.1:1/x'), '-', nobody), exitCode.failure);
  assert.match(nobody.said.stderr, /connection refused \(ECONNREFUSED\)/);
});

test('an embedded server: made by migrate, started for the time of a command, used where it runs', async (t) => {
  const dataDir = await temporaryFolder(t);
  const settings = { DATA_DIR: dataDir, USAGE_POSTGRES_PORT: 0, DATABASE_URL: undefined };
  const early = keptStreams();
  assert.equal(await databaseUrlCommand(settings, early), exitCode.failure);
  assert.equal(early.said.stdout, '');
  const earlySql = keptStreams('select 1');
  assert.equal(await sqlCommand(settings, '-', earlySql), exitCode.failure);
  assert.match(earlySql.said.stderr, /usage-ingest start/);

  const first = keptStreams();
  assert.equal(await migrateCommand(settings, first), exitCode.ok);
  assert.match(first.said.stdout, /ran 0001_usages\n(.*\n)*The schema is up to date now\.\n$/);

  const stopped = keptStreams();
  assert.equal(await databaseUrlCommand(settings, stopped), exitCode.failure);
  assert.match(stopped.said.stdout, /^postgresql:\/\/usage:[\w-]+@127\.0\.0\.1:\d+\/usage\n$/);
  assert.match(stopped.said.stderr, /not running/);

  const file = join(dataDir, 'count.sql');
  await writeFile(file, 'select count(*) from usages;\n');
  const counted = keptStreams();
  assert.equal(await sqlCommand(settings, file, counted), exitCode.ok, counted.said.stderr);
  assert.match(counted.said.stdout, /\(1 row\)/);

  const server = createEmbeddedPostgres({ dataDir, port: 0, logger: silentLogger });
  closeAfter(t, () => server.stop());
  const { url } = await server.start();
  const running = keptStreams();
  assert.equal(await databaseUrlCommand(settings, running), exitCode.ok);
  assert.equal(running.said.stdout, `${url}\n`);
  const again = keptStreams();
  assert.equal(await migrateCommand(settings, again), exitCode.ok);
  assert.equal(again.said.stdout, 'The schema is up to date.\n');
  assert.deepEqual(await query(url, 'select 1 as n'), [{ n: 1 }], 'the commands left it running');
});

test('database-url says yes only once the database is there, on a first start too', async (t) => {
  const dataDir = await temporaryFolder(t);
  const server = createEmbeddedPostgres({ dataDir, port: 0, logger: silentLogger });
  closeAfter(t, () => server.stop());
  const started = server.start();
  const settings = { DATA_DIR: dataDir, USAGE_POSTGRES_PORT: 0, DATABASE_URL: undefined };
  let asked = keptStreams();
  while ((await databaseUrlCommand(settings, asked)) !== exitCode.ok) {
    assert.doesNotMatch(asked.said.stderr, /not running/);
    asked = keptStreams();
  }
  assert.deepEqual(await query(asked.said.stdout.trim(), 'select 1 as n'), [{ n: 1 }]);
  await started;
});
