/** How far the writer leaves the CPU to others; see postgres/embedded/niceness.ts for why. */

import type { Settings } from '../config/settings.ts';
import type { Logger } from '../observability/logger.ts';
import { raiseNiceness, raiseSessionNiceness } from '../postgres/embedded/niceness.ts';

/**
 * Makes this process so nice, for good.
 * @returns what does the same for a session of the embedded Postgres, by the pid of its backend; where it cannot, it
 * is logged, and the session serves all the same
 */
export function yieldCpu(
  { DATA_DIR, USAGE_WRITER_NICENESS: niceness }: Pick<Settings, 'DATA_DIR' | 'USAGE_WRITER_NICENESS'>,
  logger: Logger,
): (backendPid: number) => void {
  raiseNiceness(0, niceness);
  return (backendPid) => {
    raiseSessionNiceness(DATA_DIR, backendPid, niceness).catch((error) =>
      logger.warn('niceness_failed', { err: error }),
    );
  };
}
