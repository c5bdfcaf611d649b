/** `usage-ingest migrate`: brings the database's schema to this release, the embedded one's too. */

import type { Settings } from '../config/settings.ts';
import { silentLogger } from '../observability/logger.ts';
import { migrate } from '../postgres/migrate.ts';
import { useDatabase } from '../postgres/use-database.ts';
import { exitCode } from '../system/exit-codes.ts';
import type { CommandStreams } from './command-streams.ts';
import { databaseFailure } from './database-failure.ts';

export async function migrateCommand(
  settings: Pick<Settings, 'DATA_DIR' | 'DATABASE_URL' | 'USAGE_POSTGRES_PORT'>,
  { stdout, stderr }: CommandStreams,
): Promise<number> {
  try {
    const done = await useDatabase(settings, silentLogger, { create: true }, (url) =>
      migrate(url, silentLogger),
    );
    for (const name of done) stdout.write(`ran ${name}\n`);
    stdout.write(done.length === 0 ? 'The schema is up to date.\n' : 'The schema is up to date now.\n');
    return exitCode.ok;
  } catch (error) {
    const { text, code } = databaseFailure(error);
    stderr.write(`${text}\n`);
    return code;
  }
}
