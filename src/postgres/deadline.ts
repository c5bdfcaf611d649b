/**
 * A bound on work over one connection, whatever became of the server. A stopped server (SIGSTOP, a frozen
 * virtual machine) keeps its sockets alive and never answers: neither its own time-outs nor TCP keepalive end
 * that, and pg's query_timeout does not cover COPY.
 */

import type { Socket } from 'node:net';
import type pg from 'pg';
import { LateError, within } from '../system/waiting.ts';

/** The server said nothing in time; the connection was cut. What it was doing may be done or not. */
export class PostgresSilentError extends Error {
  override readonly name = 'PostgresSilentError';
  readonly code = 'ETIMEDOUT';
  constructor(timeoutMs: number) {
    super(`Postgres did not answer within ${timeoutMs} ms`);
  }
}

/**
 * Runs `work`; past `timeoutMs` calls `giveUp`, which cuts the connection and so makes everything on it fail, and rejects.
 * @throws PostgresSilentError
 */
export async function withDeadline<T>(
  giveUp: () => void,
  timeoutMs: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await within(timeoutMs, 'Postgres', work());
  } catch (error) {
    if (!(error instanceof LateError)) throw error;
    giveUp();
    throw new PostgresSilentError(timeoutMs);
  }
}

/** Closes the socket at once, without a word to the server. */
export function cut(client: pg.ClientBase): void {
  // `end` would wait for the answer that does not come.
  socketOf(client).destroy();
}

/** pg has no public way to it. */
export function socketOf(client: pg.ClientBase): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
