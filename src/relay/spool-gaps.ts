/**
 * Gaps in the spool. The relay works without a database; at a gap it needs an operator, whom it reaches by
 * `log_gaps`: it keeps a row there, looks at it again and again, and goes past exactly the gap that was accepted.
 * While Postgres cannot be reached the partition stays where it is.
 */

import type { Settings } from '../config/settings.ts';
import type { LogGapError } from '../log/log.ts';
import type { Logger } from '../observability/logger.ts';
import { createTrouble } from '../observability/told.ts';
import { locateDatabase } from '../postgres/database-url.ts';
import { settleGap } from '../store/settle-gap.ts';

export interface SpoolGaps {
  /**
   * Where the partition goes on after its gap; null while it has to wait. Never rejects.
   * @param stop answers null soon once it is aborted
   */
  settle(partition: string, gap: LogGapError, stop: AbortSignal): Promise<number | null>;
}

export function createSpoolGaps(options: {
  settings: Pick<Settings, 'DATA_DIR' | 'DATABASE_URL'>;
  /** Of the spool; known after its reader's start. */
  source: () => string;
  logger: Logger;
  /** A row of `log_gaps` was made. */
  onAdded(): void;
}): SpoolGaps {
  const { settings, source, logger, onAdded } = options;
  /** One connection at a time, however many partitions have a gap. */
  let turn: Promise<unknown> = Promise.resolve();
  const unkept = createTrouble(logger, 'log_gap_unkept');

  async function settle(partition: string, gap: LogGapError): Promise<number | null> {
    try {
      const { url } = await locateDatabase(settings);
      if (url === null) throw new NoDatabaseError();
      const { added, next } = await settleGap(url, 'relay', { source: source(), partition }, gap);
      unkept.over();
      if (added) onAdded();
      return next;
    } catch (error) {
      unkept.failed(error);
      return null;
    }
  }

  return {
    settle(partition, gap, stop) {
      const settled = turn.then(() => (stop.aborted ? null : settle(partition, gap)));
      turn = settled;
      return settled;
    },
  };
}

/** Nobody told the relay where Postgres is, and there is none in DATA_DIR. */
class NoDatabaseError extends Error {
  override readonly name = 'NoDatabaseError';
  constructor() {
    super('DATABASE_URL is not set, and DATA_DIR has no Postgres: set it for the relay too');
  }
}
