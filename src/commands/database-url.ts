/** `usage-ingest database-url`: prints the URL for psql and other clients. */

import type { Settings } from '../config/settings.ts';
import { locateDatabase } from '../postgres/database-url.ts';
import { exitCode } from '../system/exit-codes.ts';
import type { CommandStreams } from './command-streams.ts';
import { databaseFailure } from './database-failure.ts';

/** Exit code 0: the URL can be used. 1: it cannot, yet or now; stderr says why. */
export async function databaseUrlCommand(
  settings: Pick<Settings, 'DATA_DIR' | 'DATABASE_URL'>,
  { stdout, stderr }: CommandStreams,
): Promise<number> {
  try {
    const database = await locateDatabase(settings);
    if (database.url !== null) stdout.write(`${database.url}\n`);
    if (database.kind === 'external' || database.running) return exitCode.ok;
    if (database.owner !== null) {
      stderr.write('The embedded Postgres is about to start: ask again in a moment.\n');
      return exitCode.failure;
    }
    const why =
      database.url === null
        ? `There is no embedded Postgres in ${settings.DATA_DIR} yet`
        : 'The embedded Postgres is not running, and its port may be another one the next time';
    stderr.write(`${why}: "usage-ingest start" starts it.\n`);
    return exitCode.failure;
  } catch (error) {
    const { text, code } = databaseFailure(error);
    stderr.write(`${text}\n`);
    return code;
  }
}
