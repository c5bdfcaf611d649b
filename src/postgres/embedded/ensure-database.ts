/** Makes the database of the usages in a server that does not have it yet. */

import pg from 'pg';
import { connectionConfig } from '../connection.ts';
import { connectionUrl, type EmbeddedConnection, embeddedDatabase } from './connection-file.ts';

/** Two at once are fine: the second finds it there. */
export async function ensureDatabase(connection: EmbeddedConnection): Promise<void> {
  const client = new pg.Client(
    connectionConfig(connectionUrl(connection, 'postgres'), { role: 'start', queryTimeoutMs: 60_000 }),
  );
  // An error between queries comes again with the next one.
  client.on('error', () => {});
  await client.connect();
  try {
    const found = await client.query('select from pg_database where datname = $1', [embeddedDatabase]);
    if (found.rowCount === 0) await client.query(`create database ${embeddedDatabase}`);
  } finally {
    await client.end();
  }
}
