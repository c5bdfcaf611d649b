/** Brings the schema to what this release needs: the plain SQL files of migrations/, forward only. */

import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PG_MIGRATE_LOCK_ID, runner } from 'node-pg-migrate';
import pg from 'pg';
import type { Logger } from '../observability/logger.ts';
import { connectionConfig } from './connection.ts';
import { requireSuitableDatabase } from './suitable-database.ts';

const folder = join(import.meta.dirname, '..', '..', 'migrations');

/** The table that says which files were run, and when. */
export const migrationsTable = 'usage_migrations';

/** The database was migrated by a newer release; running this one on it could harm it. */
export class SchemaTooNewError extends Error {
  override readonly name = 'SchemaTooNewError';
  constructor(unknown: readonly string[]) {
    super(
      `the database has migrations that this release does not know (${unknown.join(', ')}): run the release that made them, or a newer one`,
    );
  }
}

/** The role's search path names no schema that exists and that it may use. */
export class NoSchemaError extends Error {
  override readonly name = 'NoSchemaError';
  constructor() {
    super(
      'the database has no schema to make tables in: create the one that search_path names, or grant USAGE and CREATE on it',
    );
  }
}

/**
 * Runs what has not been run yet, in one transaction. Two at once are clean: the second waits for the first.
 * @returns the names of the migrations that were run
 * @throws SchemaTooNewError, UnsuitableDatabaseError; an error of pg where Postgres cannot be reached or refuses
 */
export async function migrate(
  url: string,
  logger: Logger,
  options: { waitMs?: number } = {},
): Promise<string[]> {
  const waitMs = options.waitMs ?? 600_000;
  const client = new pg.Client(
    connectionConfig(url, { role: 'migrate', pooled: true, queryTimeoutMs: waitMs + 10_000 }),
  );
  client.on('error', () => {});
  await client.connect();
  try {
    await requireSuitableDatabase(client);
    // One transaction for lock, check and run: behind a pooler a session's lock would stay with somebody else's session.
    await client.query(`begin; set local lock_timeout = ${waitMs}; set local client_min_messages = warning`);
    await client.query(`select pg_advisory_xact_lock(${PG_MIGRATE_LOCK_ID})`);
    const schema = await ownSchema(client);
    await refuseNewerSchema(client);
    const done = await runner({
      dbClient: client,
      dir: folder,
      // Files of editors and the like are no migrations.
      ignorePattern: '(?!.*\\.sql$).*',
      direction: 'up',
      migrationsTable,
      migrationsSchema: schema,
      noLock: true,
      checkOrder: true,
      singleTransaction: true,
      logger: { info() {}, warn() {}, error() {} },
    });
    // The runner has committed, unless there was nothing to run.
    await client.query('commit');
    const names = done.map(({ name }) => name);
    if (names.length > 0) logger.info('schema_migrated', { migrations: names });
    return names;
  } finally {
    await client.end();
  }
}

/**
 * The schema of our tables, the first of the search path that exists, with the table of migrations in it. Releases
 * before kept that table in `public` wherever the others were: then what it says is taken along.
 */
async function ownSchema(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ schema: string | null; own: boolean; elsewhere: boolean }>(
    `select s as schema, to_regclass(quote_ident(s) || '.${migrationsTable}') is not null as own,
            to_regclass(quote_ident(s) || '.usages') is not null and to_regclass('public.${migrationsTable}') is not null as elsewhere
     from current_schema() s`,
  );
  const { schema, own, elsewhere } = rows[0]!;
  if (schema === null) throw new NoSchemaError();
  if (own) return schema;
  await client.query(
    `create table ${migrationsTable} (id serial primary key, name varchar(255) not null, run_on timestamp not null)`,
  );
  if (elsewhere) {
    await client.query(
      `insert into ${migrationsTable} (name, run_on) select name, run_on from public.${migrationsTable} order by id`,
    );
  }
  return schema;
}

async function refuseNewerSchema(client: pg.Client): Promise<void> {
  const run = await client.query<{ name: string }>(`select name from ${migrationsTable} order by id`);
  const known = new Set(await knownMigrations());
  const unknown = run.rows.map(({ name }) => name).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new SchemaTooNewError(unknown);
}

/** The names of this release's migrations, in order. */
export async function knownMigrations(): Promise<string[]> {
  const files = await readdir(folder);
  return files
    .filter((file) => file.endsWith('.sql'))
    .map((file) => basename(file, '.sql'))
    .sort();
}
