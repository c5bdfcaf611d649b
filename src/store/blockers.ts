/**
 * Ends a transaction that holds up ours and does not move: of a writer that was stopped (SIGSTOP, a frozen
 * virtual machine) or cut off. Ending it is safe whoever is right, because the position moves by
 * compare-and-set; ending one that still works would only be rude, hence the conditions: our own role, the name that
 * only transactions of a writer give themselves, and for longer than the lock timeout idle in its transaction or
 * waiting for its client.
 */

import type { Logger } from '../observability/logger.ts';
import { type Connect, type Queryable, writerName } from '../postgres/sql-client.ts';
import { pause } from '../system/waiting.ts';

export interface BlockerWatch {
  stop(): Promise<void>;
}

/**
 * While it runs, whoever blocks `pid` is looked at, over a connection of its own. That it cannot connect is no
 * error: then the lock times out once more, and the batch is tried again.
 */
export function watchBlockers(options: {
  connect: Connect;
  /** The backend that waits. */
  pid: number;
  lockTimeoutMs: number;
  logger: Logger;
}): BlockerWatch {
  const { connect, pid, lockTimeoutMs, logger } = options;
  const stopping = new AbortController();
  const intervalMs = Math.max(10, Math.min(250, lockTimeoutMs / 8));

  async function run(): Promise<void> {
    const client = await connect();
    try {
      let before = new Set<number>();
      while (!stopping.signal.aborted) {
        const stuck = await stuckBlockers(client, pid, lockTimeoutMs);
        for (const blocker of stuck) {
          // Waiting for its client is a glimpse: only who does so twice in a row is stuck.
          if (!blocker.idle && !before.has(blocker.pid)) continue;
          await client.query('select pg_terminate_backend($1)', [blocker.pid]);
          logger.warn('writer_blocker_ended', { pid: blocker.pid });
        }
        before = new Set(stuck.map((blocker) => blocker.pid));
        await pause(intervalMs, stopping.signal);
      }
    } finally {
      client.cut();
    }
  }

  const running = run().catch((error) => {
    if (!stopping.signal.aborted) logger.debug('writer_blocker_unknown', { err: error });
  });
  return {
    stop() {
      stopping.abort();
      return running;
    },
  };
}

async function stuckBlockers(
  client: Queryable,
  pid: number,
  lockTimeoutMs: number,
): Promise<{ pid: number; idle: boolean }[]> {
  const { rows } = await client.query<{ pid: number; idle: boolean }>(
    `select a.pid, a.state like 'idle in transaction%' as idle
     from unnest(pg_blocking_pids($1)) blocker (pid) join pg_stat_activity a on a.pid = blocker.pid
     where a.usename = current_user and a.application_name = $3
       and a.state_change < clock_timestamp() - $2 * interval '1 millisecond'
       and (a.state like 'idle in transaction%' or (a.state = 'active' and a.wait_event = 'ClientRead'))`,
    [pid, lockTimeoutMs, writerName],
  );
  return rows;
}
