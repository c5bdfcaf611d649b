/**
 * What a partition's writer does about an error: says so once, keeps a gap for the operator, and waits until
 * another try makes sense. Nothing is ever skipped here: the partition is opened the partition anew afterwards.
 */

import { LogGapError } from '../log/log.ts';
import { RecordTooNewError } from '../log/record.ts';
import { PostgresSilentError } from '../postgres/deadline.ts';
import { passOrKeepGap } from '../store/gaps.ts';
import type { PartitionKey } from '../store/partition-key.ts';
import { PoisonLimitError } from '../store/poison-limits.ts';
import { SessionsStoppedError } from '../store/sessions.ts';
import { storeProblem } from '../store/store-problem.ts';
import { inTransaction } from '../store/transaction.ts';
import { aborted, backoffMs, pause } from '../system/waiting.ts';
import type { PartitionContext } from './partition-context.ts';

/** A gap found earlier waits for its acceptance. */
export class OpenGapError extends Error {
  override readonly name = 'OpenGapError';
  readonly reason: string;
  constructor(reason: string) {
    super(`a gap (${reason}) waits to be accepted`);
    this.reason = reason;
  }
}

/** The connection was lost on the way; what became of the transaction, the stored position will tell. */
export class LostSessionError extends Error {
  override readonly name = 'LostSessionError';
}

/** The log could not be read, for a reason that may pass. */
export class LogReadError extends Error {
  override readonly name = 'LogReadError';
}

export interface PartitionTrouble {
  /**
   * Resolves when the partition should be opened anew. Never rejects.
   * @param stop the partition's writer is to end
   * @param reopen an operator accepted a gap, or the database moved back
   */
  wait(error: unknown, stop: AbortSignal, reopen: AbortSignal): Promise<void>;
  /** Something was stored, or everything is. */
  well(): void;
  waitsForOperator(): boolean;
}

export function createPartitionTrouble(
  key: PartitionKey,
  context: PartitionContext,
  /** A batch took too long; false: it cannot be made smaller. */
  halveBatch: () => boolean,
): PartitionTrouble {
  const { sessions, health, metrics, logger, lockTimeoutMs, probeEveryMs } = context;
  const name = key.partition;
  let failures = 0;
  let waiting = false;

  async function waitAtGap(error: LogGapError | OpenGapError, stop: AbortSignal, reopen: AbortSignal) {
    if (error instanceof LogGapError) {
      const outcome = await sessions.use(stop, (session) =>
        inTransaction(session, lockTimeoutMs, (client) => passOrKeepGap(client, key, error)),
      );
      if (outcome === 'passed') {
        logger.warn('log_gap_passed', { partition: name, reason: error.reason });
        return;
      }
      // One that still waits is no new one, found again by another writer or after a restart.
      if (outcome === 'added') metrics.metric.usage_log_gaps_total.inc();
    }
    const todo = `look for the missing records, then: usage-ingest positions accept-gap --partition ${name}`;
    health.stopped(name, 'gap', 'log_gap_found', { reason: error.reason, todo });
    waiting = true;
    await aborted(AbortSignal.any([stop, reopen]));
    waiting = false;
  }

  async function backOff(error: unknown, cancel: AbortSignal): Promise<void> {
    failures += 1;
    // A lost connection is told once for all partitions, by the sessions, where a new one cannot be had.
    if (!(error instanceof LostSessionError)) {
      health.failing(name, error instanceof LogReadError ? 'log_read_failing' : 'store_failing', error);
    }
    await pause(backoffMs(failures), cancel);
  }

  async function handle(error: unknown, stop: AbortSignal, reopen: AbortSignal): Promise<void> {
    const cancel = AbortSignal.any([stop, reopen]);
    if (error instanceof LogGapError || error instanceof OpenGapError) return waitAtGap(error, stop, reopen);
    if (error instanceof RecordTooNewError) {
      const next = error.next ?? error.position + 1;
      const todo = `a newer front wrote this: upgrade the writer. Only where no release can read it: usage-ingest positions skip --partition ${name} --from ${error.position} --to ${next}`;
      health.stopped(name, 'too_new', 'partition_stopped', { reason: 'too_new', err: error, todo });
      return pause(probeEveryMs, cancel);
    }
    if (error instanceof PoisonLimitError) {
      const todo =
        'Postgres refuses too many usages for it to be odd ones: undo what the refusal names (a constraint, a column); the partition then goes on by itself';
      const { message: problem, refusal } = error;
      health.stopped(name, 'poison', 'partition_stopped', { reason: 'poison', problem, refusal, todo });
      return pause(probeEveryMs, cancel);
    }
    const tooLong = storeProblem(error) === 'cancelled' || error instanceof PostgresSilentError;
    if (tooLong && halveBatch()) return;
    return backOff(error, cancel);
  }

  return {
    async wait(error, stop, reopen) {
      if (stop.aborted || error instanceof SessionsStoppedError) return;
      try {
        await handle(error, stop, reopen);
      } catch (again) {
        // The gap could not be kept: it is found again at the next open.
        if (!stop.aborted && !(again instanceof SessionsStoppedError)) await backOff(again, stop);
      }
    },
    well() {
      failures = 0;
      health.well(name);
    },
    waitsForOperator: () => waiting,
  };
}
