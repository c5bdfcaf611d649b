/** Whether there is a database at all for what the settings say. */

import type { Settings } from '../config/settings.ts';
import { requireBinaries } from '../postgres/embedded/binaries.ts';
import { EmbeddedPostgresError } from '../postgres/embedded/embedded-error.ts';

/** What to set or install where there is none, as problems of a configuration; nothing is connected to. */
export async function missingDatabase({ DATABASE_URL }: Pick<Settings, 'DATABASE_URL'>): Promise<string[]> {
  if (DATABASE_URL !== undefined) return [];
  try {
    await requireBinaries();
    return [];
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresError)) throw error;
    return [`DATABASE_URL is not set, and ${error.message}`];
  }
}
