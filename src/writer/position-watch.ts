/**
 * Looks at the database beside the partitions' writers, with one query for all partitions, however many: has an operator
 * accepted a gap, and are the stored positions still those that they saw committed? A database that was restored to an
 * older state, failed over to a lagging standby, or emptied, has older ones; then the rows are read again from
 * the kept log, those of partitions too that had ended and been read.
 */

import type { Logger } from '../observability/logger.ts';
import { openGapPartitions } from '../store/gaps.ts';
import { loadPositions } from '../store/positions.ts';
import { type Sessions, SessionsStoppedError } from '../store/sessions.ts';
import { pause } from '../system/waiting.ts';

/** What the watch sees of a partition's writer. */
export interface WatchedPartition {
  readonly name: string;
  /** The position that it saw committed last; null where it did not yet. */
  committedPosition(): number | null;
  /** Makes it open its partition anew. */
  reopen(): void;
  /** Whether it waits for a gap to be accepted. */
  waitsForOperator(): boolean;
}

const gapsEveryMs = 1_000;
/** Also what notices a server that hangs while nothing is to be stored. */
const positionsEveryMs = 3_000;
/** Such a query takes milliseconds: much longer means that no answer comes any more. */
const lookMsMax = 5_000;

export interface PositionWatch {
  /** Runs until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** The connection was lost and is there again: look now. */
  lookNow(): void;
}

export function createPositionWatch(options: {
  sessions: Sessions;
  /** Known after the reader's start. */
  source: () => string;
  partitions: () => Iterable<WatchedPartition>;
  logger: Logger;
}): PositionWatch {
  const { sessions, source, partitions, logger } = options;
  let lookAtMs = 0;

  async function lookAtGaps(signal: AbortSignal): Promise<void> {
    const waiting = [...partitions()].filter((partition) => partition.waitsForOperator());
    if (waiting.length === 0) return;
    const open = await sessions.use(signal, (session) =>
      session.within(lookMsMax, (client) => openGapPartitions(client, source())),
    );
    for (const partition of waiting) {
      if (open.has(partition.name) || !partition.waitsForOperator()) continue;
      logger.info('log_gap_accepted', { partition: partition.name });
      partition.reopen();
    }
  }

  async function lookAtPositions(signal: AbortSignal): Promise<void> {
    // Taken before the query: positions only grow meanwhile, so a smaller one in the database is an older state.
    const seen = [...partitions()].map((partition) => ({ partition, at: partition.committedPosition() }));
    const stored = await sessions.use(signal, (session) =>
      session.within(lookMsMax, (client) => loadPositions(client, source())),
    );
    let back = 0;
    for (const { partition, at } of seen) {
      if (at === null || partition.waitsForOperator() || (stored.get(partition.name) ?? -1) >= at) continue;
      back += 1;
      partition.reopen();
    }
    if (back > 0) logger.warn('position_moved_back', { partitions: back });
  }

  return {
    async run(signal) {
      while (!signal.aborted) {
        try {
          await lookAtGaps(signal);
          if (performance.now() >= lookAtMs) {
            lookAtMs = performance.now() + positionsEveryMs;
            await lookAtPositions(signal);
          }
        } catch (error) {
          // Told by the sessions where Postgres is away; anything else shows in the batches too.
          if (!(error instanceof SessionsStoppedError)) logger.debug('store_failing', { err: error });
        }
        await pause(gapsEveryMs, signal);
      }
    },
    lookNow() {
      lookAtMs = 0;
    },
  };
}
