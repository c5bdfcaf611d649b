/** Gives a command the database, whether or not an instance runs. */

import type { Settings } from '../config/settings.ts';
import type { Logger } from '../observability/logger.ts';
import { pause } from '../system/waiting.ts';
import { locateDatabase } from './database-url.ts';
import { EmbeddedPostgresError } from './embedded/embedded-error.ts';
import { createEmbeddedPostgres } from './embedded/embedded-postgres.ts';

/** How long an instance that is starting may take until its server takes connections. */
const instanceTimeoutMs = 60_000;

/**
 * Calls `work` with the URL of the database. An embedded one that does not run is started for as long as that
 * takes; one that an instance runs is used as it is.
 * @param options.create false: an embedded one that was never started is an error, rather than made
 * @throws EmbeddedPostgresError; whatever `work` throws
 */
export async function useDatabase<T>(
  settings: Pick<Settings, 'DATA_DIR' | 'DATABASE_URL' | 'USAGE_POSTGRES_PORT'>,
  logger: Logger,
  options: { create: boolean },
  work: (url: string) => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + instanceTimeoutMs;
  for (;;) {
    const database = await locateDatabase(settings);
    if (database.kind === 'external') return await work(database.url);
    if (database.running && database.url !== null) return await work(database.url);
    if (database.url === null && !options.create && database.owner === null) {
      throw new EmbeddedPostgresError(
        'data',
        `there is no embedded Postgres in DATA_DIR (${settings.DATA_DIR}) yet: "usage-ingest start" makes it`,
      );
    }
    if (database.owner === null || performance.now() >= deadline) break;
    await pause(100);
  }
  const server = createEmbeddedPostgres({
    dataDir: settings.DATA_DIR,
    port: settings.USAGE_POSTGRES_PORT,
    logger,
  });
  try {
    return await work((await server.start()).url);
  } finally {
    await server.stop();
  }
}
