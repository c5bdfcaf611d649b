/** One connection for one command, and an error text instead of a stack where it cannot be had. */

import pg from 'pg';
import { connectionConfig } from '../postgres/connection.ts';
import type { CommandStreams } from './command-streams.ts';
import { databaseFailure } from './database-failure.ts';

/** Runs `work`, whose exit code is returned. What Postgres itself says is not told: it may hold values. */
export async function withClient(
  databaseUrl: string,
  { stderr }: CommandStreams,
  work: (client: pg.Client) => Promise<number>,
): Promise<number> {
  const client = new pg.Client(connectionConfig(databaseUrl, { role: 'command', lockTimeoutMs: 30_000 }));
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    // The commonest slip has a remedy of its own.
    const isNew = error instanceof pg.DatabaseError && error.code === '42P01';
    const { text, code } = databaseFailure(error);
    stderr.write(`${isNew ? 'The tables are missing: run "usage-ingest migrate" first.' : text}\n`);
    return code;
  } finally {
    await client.end().catch(() => {});
  }
}
