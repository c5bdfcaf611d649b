/**
 * Who goes back from Kafka to the local log for good leaves in Kafka what was not stored by then: acknowledged, and
 * nobody reads it any more. Only a person knows whether there is any, so it is said at every start, for as long as
 * Kafka may hold it.
 */

import type { Logger } from '../observability/logger.ts';
import { lastStoredFromKafka } from '../store/positions.ts';
import { type Sessions, SessionsStoppedError } from '../store/sessions.ts';
import { backoffMs, pause } from '../system/waiting.ts';

const lookMsMax = 10_000;

/** Resolves once it was looked, or `stop` was aborted. Never rejects. */
export async function tellLeftInKafka(sessions: Sessions, logger: Logger, stop: AbortSignal): Promise<void> {
  for (let failures = 0; !stop.aborted; failures += 1) {
    try {
      const sources = await sessions.use(stop, (session) => session.within(lookMsMax, lastStoredFromKafka));
      for (const { source, storedAt } of sources) {
        const todo =
          'if usage_log_backlog_records was not 0 when Kafka was turned off, set KAFKA_BROKERS again until it is: the local log is brought over meanwhile';
        logger.warn('kafka_left', { source, storedAt: storedAt.toISOString(), todo });
      }
      return;
    } catch (error) {
      if (error instanceof SessionsStoppedError) return;
      await pause(backoffMs(failures + 1), stop);
    }
  }
}
