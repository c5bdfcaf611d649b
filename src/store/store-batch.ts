/**
 * Stores one batch of a partition, exactly once in effect:
 *
 * 1. the months' partitions are there (a transaction of their own, before);
 * 2. one transaction: the position is taken and moved by compare-and-set, the rows are copied, what was refused
 *    is kept aside;
 * 3. only after its commit is the log told, by the caller.
 *
 * Killed anywhere, the position says what is stored: rows and position are committed together or not at all.
 */

import type { Logger } from '../observability/logger.ts';
import type { Connect, SqlClient } from '../postgres/sql-client.ts';
import { failpoint } from '../system/failpoint.ts';
import { type Batch, type DeadLetter, lookAtLines } from './batch.ts';
import { type BlockerWatch, watchBlockers } from './blockers.ts';
import { copyRows, storeStaged } from './copy.ts';
import { insertDeadLetters } from './dead-letters.ts';
import { monthWindow } from './instants.ts';
import type { Months } from './months.ts';
import type { PartitionKey } from './partition-key.ts';
import { deadLettersPerBatchMax, type PoisonRate } from './poison-limits.ts';
import { type StoredPosition, takePosition } from './positions.ts';
import type { Session } from './sessions.ts';
import { storeCarefully } from './store-line-by-line.ts';
import { isAnswer, RowCountError, type StoreProblem, storeProblem } from './store-problem.ts';
import { inTransaction } from './transaction.ts';

export interface StoredBatch {
  readonly stored: number;
  readonly duplicates: number;
  /** Those of the duplicates whose content is another one than that of the usage that is there. */
  readonly conflicts: number;
  readonly deadLetters: readonly DeadLetter[];
  /** Those of them that Postgres refused. */
  readonly poison: number;
}

export interface BatchStore {
  /**
   * @param from where the position is now; null: there is none yet
   * @returns null where another writer has moved the position: nothing was stored
   * @throws PoisonLimitError; an error of Postgres where a later try may help
   */
  store(session: Session, from: StoredPosition | null, batch: Batch): Promise<StoredBatch | null>;
}

/** After a repeat more of them are likely (a relay that sends again, a restored database): no COPY to fail first. */
const stagedBatchesAfterRepeat = 100;

const pidMsMax = 10_000;

/** How a batch is stored; it gets more careful with each thing that is found. */
interface Manner {
  /** Through the staging table, because usages repeat. */
  staged: boolean;
  /** The plain way just failed where usages may repeat: if this one does not, those that follow take it too. */
  repeats: boolean;
  /** Line by line where it must, because something is refused. */
  careful: boolean;
  /** What comes, or, once a row had no partition, what is left of it after a look at each line. */
  batch: Batch;
  /** A lock timed out: whoever holds it is looked at. */
  watched: boolean;
}

export function createBatchStore(options: {
  connect: Connect;
  lockTimeoutMs: number;
  key: PartitionKey;
  months: Months;
  poisonRate: PoisonRate;
  logger: Logger;
}): BatchStore {
  const { connect, lockTimeoutMs, key, months, poisonRate, logger } = options;
  let stagedBatches = 0;
  let lockedBefore = false;

  async function tryOnce(session: Session, from: StoredPosition | null, manner: Manner) {
    const watch = manner.watched ? await startWatch(session) : null;
    try {
      return await inTransaction(session, lockTimeoutMs, (client) => storeRows(client, from, manner));
    } finally {
      await watch?.stop();
    }
  }

  async function startWatch(session: Session): Promise<BlockerWatch> {
    const { rows } = await session.within(pidMsMax, (client) =>
      client.query<{ pid: number }>('select pg_backend_pid() as pid'),
    );
    return watchBlockers({ connect, pid: rows[0]?.pid ?? 0, lockTimeoutMs, logger });
  }

  async function storeRows(
    client: SqlClient,
    from: StoredPosition | null,
    manner: Manner,
  ): Promise<StoredBatch> {
    const { batch } = manner;
    if (!(await takePosition(client, key, from, batch.next, batch.crc))) throw new OvertakenError();
    let stored = 0;
    let duplicates = 0;
    let conflicts = 0;
    let poison = 0;
    const deadLetters: DeadLetter[] = [...batch.deadLetters];
    for (const run of batch.runs) {
      if (manner.careful) {
        const result = await storeCarefully(client, run, manner.staged, deadLettersPerBatchMax - poison);
        stored += result.stored;
        duplicates += result.duplicates;
        conflicts += result.conflicts;
        poison += result.poison;
        deadLetters.push(...result.deadLetters);
        continue;
      }
      const rows = run.records.map((record) => record.rows);
      const copied = manner.staged
        ? await storeStaged(client, run.columns, rows)
        : await copyRows(client, 'usages', run.columns, rows).then((n) => ({
            copied: n,
            inserted: n,
            conflicts: 0,
          }));
      if (copied.copied !== run.usages) throw new RowCountError();
      stored += copied.inserted;
      duplicates += copied.copied - copied.inserted;
      conflicts += copied.conflicts;
    }
    const refusal = deadLetters.at(-1)?.error ?? '';
    poisonRate.check(stored + duplicates + poison, poison, refusal);
    await insertDeadLetters(client, key, deadLetters);
    failpoint('copied');
    return { stored, duplicates, conflicts, deadLetters, poison };
  }

  /** What to change for the next try; false: nothing here helps. */
  async function adapt(session: Session, batch: Batch, manner: Manner, error: unknown): Promise<boolean> {
    const problem: StoreProblem | 'count' = error instanceof RowCountError ? 'count' : storeProblem(error);
    // What we do not know may be a repeat by another name (Citus: XX000), so it is tried the careful way once.
    const mayBeRepeat = problem === 'repeat' || (problem === 'other' && isAnswer(error));
    if (mayBeRepeat && !manner.staged) {
      manner.staged = true;
      manner.repeats = true;
      return true;
    }
    if ((problem === 'poison' || problem === 'count') && !manner.careful) {
      manner.careful = true;
      return true;
    }
    if (problem === 'no_partition' && manner.batch === batch) {
      // Somebody dropped a partition, a header misses a month, or a row has none.
      manner.batch = lookAtLines(batch, monthWindow(session.nowMs()));
      months.forget();
      await months.ensure(session, manner.batch.months);
      return true;
    }
    if (problem === 'locked') lockedBefore = true;
    if (problem === 'locked' && !manner.watched) {
      manner.watched = true;
      return true;
    }
    return false;
  }

  return {
    async store(session, from, batch) {
      const manner: Manner = {
        staged: stagedBatches > 0,
        repeats: false,
        careful: false,
        batch,
        watched: lockedBefore,
      };
      await months.ensure(session, batch.months);
      // Each turn changes the manner in a way it was not before, so there are few.
      for (;;) {
        try {
          const result = await tryOnce(session, from, manner);
          lockedBefore = false;
          if (manner.repeats) stagedBatches = stagedBatchesAfterRepeat;
          else if (stagedBatches > 0) stagedBatches -= 1;
          poisonRate.add(result.stored + result.duplicates + result.poison, result.poison);
          return result;
        } catch (error) {
          if (error instanceof OvertakenError) return null;
          if (session.lost || !(await adapt(session, batch, manner, error))) throw error;
        }
      }
    },
  };
}

/** The position is not where this writer left it. Rolls the transaction back. */
class OvertakenError extends Error {
  override readonly name = 'OvertakenError';
}
