import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseFailure } from '../../src/commands/database-failure.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { knownMigrations, migrate, SchemaTooNewError } from '../../src/postgres/migrate.ts';
import { query, startTestPostgres } from '../support/postgres.ts';

const postgres = await startTestPostgres();

test('migrations make the tables, and a second run does nothing', async () => {
  const url = await postgres.createDatabase();
  const tables = await query<{ name: string }>(
    url,
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1",
  );
  assert.deepEqual(
    tables.map(({ name }) => name),
    [
      'api_keys',
      'audit_log',
      'dead_letters',
      'log_gaps',
      'log_positions',
      'usage_conflicts',
      'usage_migrations',
      'usages',
    ],
  );
  assert.deepEqual(await migrate(url, silentLogger), []);
});

test('usages has the columns, collations, key and indexes of the design', async () => {
  const url = await postgres.createDatabase();
  const columns = await query(
    url,
    `select column_name, data_type, collation_name, is_nullable from information_schema.columns
     where table_name = 'usages' order by ordinal_position`,
  );
  assert.deepEqual(
    columns.map((column) => Object.values(column).join(' ')),
    [
      'id uuid  NO',
      'patient_id text C NO',
      'medication text C NO',
      'used_at timestamp with time zone  NO',
      'utc_offset smallint  YES',
      'received_at timestamp with time zone  NO',
      'attributes jsonb  YES',
      'key_number integer  YES',
    ],
  );
  const indexes = await query<{ indexdef: string }>(
    url,
    "select indexdef from pg_indexes where tablename = 'usages' order by indexname",
  );
  assert.deepEqual(
    indexes.map(({ indexdef }) => indexdef.replace(/^.* USING /, '')),
    ['btree (patient_id, used_at, id)', 'brin (used_at)'],
  );
});

test('four runners at once on an empty database: one migrates, the others find it done', async () => {
  await query(postgres.url, 'create database raced');
  const url = postgres.url.replace(/[^/]*$/, 'raced');
  const done = await Promise.all([1, 2, 3, 4].map(() => migrate(url, silentLogger)));
  assert.deepEqual(done.map(({ length }) => length).sort(), [0, 0, 0, (await knownMigrations()).length]);
});

test('everything is made in one schema, so that two installations can share a database', async () => {
  await query(postgres.url, 'create database shared');
  const url = (schema: string) =>
    `${postgres.url.replace(/[^/]*$/, 'shared')}?options=-c%20search_path%3D${schema}`;
  await query(url('public'), 'create schema first; create schema second');
  const all = await knownMigrations();
  assert.deepEqual(await migrate(url('first'), silentLogger), all);
  assert.deepEqual(
    await migrate(url('second'), silentLogger),
    all,
    'the other one is no reason to do nothing',
  );
  const inPublic = await query(
    url('public'),
    "select 1 from pg_class where relnamespace = 'public'::regnamespace",
  );
  assert.deepEqual(inPublic, []);
  // As releases before left it: the tables in a schema, and what was run in public.
  await query(url('public'), 'alter table first.usage_migrations set schema public');
  assert.deepEqual(await migrate(url('first'), silentLogger), []);
  assert.equal((await query(url('first'), 'select 1 from first.usage_migrations')).length, all.length);
});

test('what is not allowed, not there or in the way is said as that', async () => {
  await query(postgres.url, 'create database closed');
  const url = postgres.url.replace(/[^/]*$/, 'closed');
  await query(url, 'revoke create on schema public from public');
  await query(url, "create role nobody_much login password 'x'");
  const role = new URL(url);
  role.username = 'nobody_much';
  role.password = 'x';
  const said = async (to: string) =>
    databaseFailure(await migrate(to, silentLogger).catch((error) => error)).text;
  assert.match(await said(role.toString()), /permission denied.*42501/);
  assert.match(await said(`${url}?options=-c%20search_path%3Dnowhere`), /has no schema to make tables in/);
  await query(url, 'create view usages as select 1 as x');
  assert.match(await said(url), /of this name is there already.*42P07/);
});

test('a schema of a newer release is refused and left as it is', async () => {
  const url = await postgres.createDatabase();
  await query(url, "insert into usage_migrations (name, run_on) values ('9999_from_the_future', now())");
  await assert.rejects(migrate(url, silentLogger), (error) => {
    assert.ok(error instanceof SchemaTooNewError);
    assert.match(error.message, /9999_from_the_future/);
    return true;
  });
});
