/** A real Postgres for tests: one server per test file, in a temporary folder, and as many databases as a test wants. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { keptPort } from '../../harness/kept-port.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createEmbeddedPostgres } from '../../src/postgres/embedded/embedded-postgres.ts';
import { copyCluster, migratedTemplate } from './cluster-template.ts';
import { createDatabase } from './databases.ts';
import { binariesWithMovedClock } from './moved-clock.ts';

export { query } from './databases.ts';

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
  // A server that takes another port when it comes back is away for whoever was told the first.
  const port = await keptPort();
  await copyCluster(dataDir, port);
  const binaries = await binariesWithMovedClock();
  const server = createEmbeddedPostgres({
    dataDir,
    port,
    ...(binaries ? { binaries } : {}),
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
    createDatabase() {
      return createDatabase(at.url, `test_${randomBytes(6).toString('hex')}`, migratedTemplate);
    },
    stop: () => server.stop(),
    async restart() {
      await server.stop();
      at = await server.start();
    },
  };
}
