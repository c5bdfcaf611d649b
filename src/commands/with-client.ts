/** One connection for one command, and an error text instead of a stack where it cannot be had. */

import pg from 'pg';
import { exitCode } from '../errors/exit-codes.ts';
import { connectionConfig } from '../postgres/connection.ts';
import type { CommandOutput } from './command-output.ts';

/** Runs `work`, whose exit code is returned. What Postgres says is told by its code alone: it may hold values. */
export async function withClient(
  databaseUrl: string,
  output: CommandOutput,
  work: (client: pg.Client) => Promise<number>,
): Promise<number> {
  const client = new pg.Client(connectionConfig(databaseUrl, { role: 'command', lockTimeoutMs: 30_000 }));
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    output.err(`Postgres: ${problemText(error)}`);
    return exitCode.failure;
  } finally {
    await client.end().catch(() => {});
  }
}

function problemText(error: unknown): string {
  if (!(error instanceof pg.DatabaseError)) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code ? `cannot be reached (${code})` : message;
  }
  if (error.code === '42P01') return 'the tables are missing: run "usage-ingest migrate" first';
  if (error.code === '42501') return 'this role may not do that: use the one that the writer uses';
  return `it answered ${error.code}`;
}
