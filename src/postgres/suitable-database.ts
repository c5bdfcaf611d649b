/** Checks at start that a database can hold usages, rather than at the first row that it refuses. */

import type { Queryable } from './sql-client.ts';

/** Waiting does not help, except for `read_only` (a standby may be promoted). */
export class UnsuitableDatabaseError extends Error {
  override readonly name = 'UnsuitableDatabaseError';
  readonly reason: 'encoding' | 'read_only' | 'version';
  constructor(reason: 'encoding' | 'read_only' | 'version', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The oldest release that is still supported by its makers. */
const versionMin = 140_000;

/** @throws UnsuitableDatabaseError, or an error of pg */
export async function requireSuitableDatabase(client: Queryable): Promise<void> {
  const { rows } = await client.query<{ encoding: string; read_only: string; version: number }>(
    `select current_setting('server_encoding') as encoding,
            current_setting('transaction_read_only') as read_only,
            current_setting('server_version_num')::int as version`,
  );
  const { encoding, read_only, version } = rows[0]!;
  if (version < versionMin) {
    throw new UnsuitableDatabaseError(
      'version',
      `the server is Postgres ${Math.trunc(version / 10_000)}: 14 is the oldest that works`,
    );
  }
  if (encoding !== 'UTF8') {
    throw new UnsuitableDatabaseError(
      'encoding',
      `the database has the encoding ${encoding}, which cannot hold every name: make one with "create database ... encoding 'UTF8' template template0"`,
    );
  }
  if (read_only !== 'off') {
    throw new UnsuitableDatabaseError(
      'read_only',
      'the session cannot write: DATABASE_URL points at a standby, or default_transaction_read_only is on; add target_session_attrs or the primary host to it',
    );
  }
}
