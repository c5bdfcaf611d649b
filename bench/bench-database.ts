/** A Postgres of a peer's or a limit's own: the embedded server with its defaults, and the tables of the product. */

import pg from 'pg';
import { silentLogger } from '../src/observability/logger.ts';
import { createEmbeddedPostgres } from '../src/postgres/embedded/embedded-postgres.ts';
import { migrate } from '../src/postgres/migrate.ts';
import { connectionOf } from '../src/postgres/sql-client.ts';
import { createMonths } from '../src/store/months.ts';
import { sessionOf } from '../src/store/sessions.ts';
import { utcMonth } from '../src/usage/calendar.ts';
import type { StageRoot } from './subject.ts';
import { usageOf } from './usages.ts';

export interface BenchDatabase {
  /** Starts it, with the tables and the month's partition. @returns its URL */
  start(): Promise<string>;
  stageRoot(): StageRoot;
  /** Rows of `usages`. */
  countRows(): Promise<number>;
  /** Leaves `usages` empty, and nothing to go on with: no checkpoint is due, no table to be vacuumed. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}

const lockTimeoutMs = 10_000;
/** So many usages fall into every month that any falls into. */
const usagesLookedAt = 1_000;

export function createBenchDatabase(folder: string): BenchDatabase {
  const server = createEmbeddedPostgres({ dataDir: folder, port: 0, logger: silentLogger });
  let running: { readonly client: pg.Client; readonly pid: number } | null = null;

  function started() {
    if (running === null) throw new Error('the database is not started');
    return running;
  }

  return {
    async start() {
      const { url, pid } = await server.start();
      await migrate(url, silentLogger);
      const client = new pg.Client({ connectionString: url });
      // The query in flight rejects with it; an event nobody hears would end the bench.
      client.on('error', () => {});
      await client.connect();
      running = { client, pid };
      const partitions = createMonths({ logger: silentLogger, lockTimeoutMs });
      const months = Array.from({ length: usagesLookedAt }, (_, n) => utcMonth(usageOf(n).usedAtMs));
      await partitions.ensure(sessionOf(connectionOf(client)), new Set(months));
      return url;
    },
    stageRoot: () => ({ stage: 'postgres', pid: started().pid }),
    async countRows() {
      const { rows } = await started().client.query('select count(*) from usages');
      return Number(rows[0].count);
    },
    async forget() {
      await started().client.query('truncate usages');
      await started().client.query('checkpoint');
    },
    async stop() {
      await running?.client.end();
      running = null;
      await server.stop();
    },
  };
}
