/** One transaction of the writer, with the limits that every one of them has. */

import { withDeadline } from '../postgres/deadline.ts';
import { type SqlClient, writerName } from '../postgres/sql-client.ts';
import type { Session } from './sessions.ts';

/**
 * Locks are waited for `lockTimeoutMs`. A transaction that its client forgot (a stopped process, a lost host)
 * is ended by the server. It says who it is, whatever DATABASE_URL calls its sessions: only what is surely ours
 * may be ended when it holds up another writer (blockers.ts). Read committed, whatever the database's default: the compare-and-set relies on the
 * comparison being made again after a wait. UTC, so that no text depends on the server's settings.
 */
function beginText(lockTimeoutMs: number): string {
  return [
    'begin isolation level read committed',
    `set local lock_timeout = ${Math.floor(lockTimeoutMs)}`,
    `set local application_name = '${writerName}'`,
    `set local idle_in_transaction_session_timeout = ${idleInTransactionMs}`,
    "set local timezone = 'UTC'",
    "set local datestyle = 'ISO, YMD'",
    'set local client_min_messages = warning',
  ].join('; ');
}

const beginMsMax = 5_000;
const idleInTransactionMs = 120_000;
/** A batch takes a fraction of a second; much longer means that no answer comes any more. */
const transactionMsMax = 120_000;

/**
 * Runs `work` in a transaction and commits; whatever it throws rolls back and is thrown on. Where even that
 * fails, the session is given up: the server rolls back by itself.
 */
export async function inTransaction<T>(
  session: Session,
  lockTimeoutMs: number,
  work: (client: SqlClient) => Promise<T>,
): Promise<T> {
  try {
    return await session.within(transactionMsMax, async (client) => {
      // It waits for nothing: where it is not answered, nobody is there.
      await withDeadline(
        () => session.giveUp(),
        beginMsMax,
        () => client.query(beginText(lockTimeoutMs)),
      );
      const result = await work(client);
      const { command } = await client.query('commit');
      // A commit of a transaction that had failed says ROLLBACK and is no error to Postgres.
      if (command !== 'COMMIT') throw new Error(`commit was answered by ${command}`);
      return result;
    });
  } catch (error) {
    await rollback(session);
    throw error;
  }
}

async function rollback(session: Session): Promise<void> {
  if (session.lost) return;
  try {
    await session.within(5_000, (client) => client.query('rollback'));
  } catch {
    session.giveUp();
  }
}
