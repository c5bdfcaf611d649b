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
    connectionConfig(url, { role: 'migrate', lockTimeoutMs: waitMs, queryTimeoutMs: waitMs + 10_000 }),
  );
  client.on('error', () => {});
  await client.connect();
  try {
    await requireSuitableDatabase(client);
    // The runner takes the same lock again in this session; ours keeps the check and the run together.
    await client.query(`select pg_advisory_lock(${PG_MIGRATE_LOCK_ID})`);
    await refuseNewerSchema(client);
    const done = await runner({
      dbClient: client,
      dir: folder,
      // Files of editors and the like are no migrations.
      ignorePattern: '(?!.*\\.sql$).*',
      direction: 'up',
      migrationsTable,
      advisoryLockMode: 'wait',
      checkOrder: true,
      singleTransaction: true,
      logger: { info() {}, warn() {}, error() {} },
    });
    const names = done.map(({ name }) => name);
    if (names.length > 0) logger.info('schema_migrated', { migrations: names });
    return names;
  } finally {
    // Closing the session lets go of its locks.
    await client.end();
  }
}

async function refuseNewerSchema(client: pg.Client): Promise<void> {
  const table = await client.query('select to_regclass($1) as found', [`public.${migrationsTable}`]);
  if (table.rows[0].found === null) return;
  const run = await client.query<{ name: string }>(`select name from public.${migrationsTable} order by id`);
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
