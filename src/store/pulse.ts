/**
 * Notices that Postgres hangs. Stopped processes, a frozen machine or a network path that swallows everything leave
 * their sockets open for a quarter of an hour, and Node has no TCP_USER_TIMEOUT; a deadline alone cannot tell a hung
 * server from a batch that takes long. So while an answer is due and not a byte comes or goes, another connection
 * asks: where that has no answer either, or the server says that it waits for us, nothing more will come.
 */

import pg from 'pg';
import type { Connect, Connection } from '../postgres/sql-client.ts';
import { within } from '../system/waiting.ts';

/** How long nothing may move before somebody asks; noticed at the end of the second such time. */
const silentMs = 1_000;
/** How long the asking may take. With the watch over positions, all together is below 10 s. */
const probeMsMax = 4_000;

/** Postgres hangs, or cannot be reached any more; the connection was cut. What it was doing may be done or not. */
export class PostgresHungError extends Error {
  override readonly name = 'PostgresHungError';
  readonly code = 'ETIMEDOUT';
}

/**
 * Watches a connection on which an answer is due.
 * @param onHung called at most once
 * @returns ends the watching
 */
export function watchPulse(connection: Connection, connect: Connect, onHung: () => void): () => void {
  let timer = setTimeout(look, silentMs);
  let moved = connection.bytesMoved();
  let ended = false;

  async function look(): Promise<void> {
    const before = moved;
    moved = connection.bytesMoved();
    if (moved === before) {
      const isHung = !(await isServing(connection.backendPid(), connect));
      if (ended) return;
      // What came meanwhile was late only because this process was.
      if (isHung && connection.bytesMoved() === moved) return onHung();
    }
    timer = setTimeout(look, silentMs);
  }

  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** Whether the server answers, and does not itself wait for the client of that backend. */
async function isServing(backendPid: number, connect: Connect): Promise<boolean> {
  const connecting = connect();
  // Cut however late it comes.
  const cutLater = () => void connecting.then((connection) => connection.cut()).catch(() => {});
  try {
    return await within(
      probeMsMax,
      'Postgres',
      connecting.then((connection) => isWorking(connection, backendPid)),
    );
  } catch (error) {
    // Whatever it answered, it did: too many connections, say.
    return error instanceof pg.DatabaseError;
  } finally {
    cutLater();
  }
}

/** A pid that is not there says nothing: a pooler's sessions have made-up ones. */
async function isWorking(connection: Connection, backendPid: number): Promise<boolean> {
  const { rows } = await connection.query<{ waits: boolean }>(
    `select state <> 'active' or wait_event = 'ClientRead' as waits from pg_stat_activity
     where pid = $1 and usename = current_user and state_change < clock_timestamp() - $2 * interval '1 millisecond'`,
    [backendPid, silentMs],
  );
  return rows[0]?.waits !== true;
}
