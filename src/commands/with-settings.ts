/** What commands share: the settings, and the database that they name. */

import { ConfigError } from '../config/config-error.ts';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { silentLogger } from '../observability/logger.ts';
import { useDatabase } from '../postgres/use-database.ts';
import { exitCode } from '../system/exit-codes.ts';
import { databaseFailure } from './database-failure.ts';

/** Calls `work` with the settings of the environment. @returns its exit code; 78 with every problem on stderr */
export async function withSettings(work: (settings: Settings) => Promise<number>): Promise<number> {
  let settings: Settings;
  try {
    settings = loadSettings(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(error.text);
    return exitCode.config;
  }
  return work(settings);
}

/** Calls `work` with the URL of the database that the settings name, whether or not an instance runs. */
export function withDatabase(work: (databaseUrl: string) => Promise<number>): Promise<number> {
  return withSettings(async (settings) => {
    try {
      return await useDatabase(settings, silentLogger, { create: false }, work);
    } catch (error) {
      const { text, code } = databaseFailure(error);
      process.stderr.write(`${text}\n`);
      return code;
    }
  });
}
