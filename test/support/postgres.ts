/** A real Postgres for tests: one server per test file, in a temporary folder, and as many databases as a test wants. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import pg from 'pg';
import { silentLogger } from '../../src/observability/logger.ts';
import { createEmbeddedPostgres } from '../../src/postgres/embedded/embedded-postgres.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { keptPort } from './kept-port.ts';

export interface TestPostgres {
  /** The server's own database (`usage`), not migrated. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** The postmaster, for SIGKILL and SIGSTOP; another one after `restart`. */
  readonly pid: number;
  /** Makes a fresh, migrated database and returns its URL. */
  createDatabase(): Promise<string>;
  /** Ends the server in order. */
  stop(): Promise<void>;
  /** Starts it again on the same port, after a stop or a kill. */
  restart(): Promise<void>;
}

/**
 * Starts one and ends it, and removes its folder, after the tests: of the file where it is called at the top
 * level, of the suite inside `describe`; give it a test's context (`t`) for that test alone.
 * @param options.fsync off unless asked: it guards against a power cut, not against the kill of any process
 */
export async function startTestPostgres(
  options: { fsync?: boolean; t?: { after(close: () => Promise<void>): void } } = {},
): Promise<TestPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'usage-postgres-'));
  const server = createEmbeddedPostgres({
    dataDir,
    // A server that takes another port when it comes back is away for whoever was told the first.
    port: await keptPort(),
    logger: silentLogger,
    fsync: options.fsync ?? false,
  });
  const close = async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  if (options.t) options.t.after(close);
  else after(close);
  let at = await server.start();
  let template: Promise<string> | null = null;

  return {
    dataDir,
    get url() {
      return at.url;
    },
    get port() {
      return at.port;
    },
    get pid() {
      return at.pid;
    },
    async createDatabase() {
      template ??= makeTemplate(at.url);
      return createFrom(at.url, await template);
    },
    stop: () => server.stop(),
    async restart() {
      await server.stop();
      at = await server.start();
    },
  };
}

async function makeTemplate(url: string): Promise<string> {
  const name = 'migrated_template';
  await query(url, `create database ${name}`);
  await migrate(withDatabase(url, name), silentLogger);
  return name;
}

async function createFrom(url: string, template: string): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(url, `create database ${name} template ${template}`);
  return withDatabase(url, name);
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.toString();
}

/** Runs one statement over a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  // The query in flight rejects with it; an event nobody hears would end the test.
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
