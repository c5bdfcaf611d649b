/** A connection for one look, by a process that has no other business with the database. */

import pg from 'pg';
import { connectionConfig } from '../postgres/connection.ts';
import type { Queryable } from '../postgres/sql-client.ts';

const connectTimeoutMs = 3_000;
const queryTimeoutMs = 5_000;

/** @throws where the database cannot be reached, or does not answer in time: try again later */
export async function overBriefConnection<T>(
  databaseUrl: string,
  role: string,
  look: (client: Queryable) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(
    connectionConfig(databaseUrl, {
      role,
      connectTimeoutMs,
      queryTimeoutMs,
      statementTimeoutMs: queryTimeoutMs,
      lockTimeoutMs: queryTimeoutMs,
    }),
  );
  // What breaks the connection also fails the query in flight.
  client.on('error', () => {});
  try {
    await client.connect();
    return await look(client);
  } finally {
    // Where that is not answered either, the socket is closed all the same when the process ends.
    void client.end().catch(() => {});
  }
}
