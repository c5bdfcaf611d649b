/** What a session must be before rows go through it. */

import type pg from 'pg';

/** The server is there, but not one that can be stored into. The message says what to do. */
export class UnfitServerError extends Error {
  override readonly name = 'UnfitServerError';
}

/** @throws UnfitServerError where the encoding is not UTF8, or the session cannot write (a standby) */
export async function checkSession(client: pg.Client): Promise<{ hasTables: boolean }> {
  const { rows } = await client.query<{ encoding: string; read_only: boolean; has_tables: boolean }>(
    "select to_regclass('log_positions') is not null and to_regclass('usages') is not null as has_tables,  current_setting('server_encoding') as encoding, pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as read_only",
  );
  const row = rows[0];
  if (row?.encoding !== 'UTF8') {
    throw new UnfitServerError(
      `the database's encoding is ${row?.encoding}: create one with encoding UTF8 and name it in DATABASE_URL`,
    );
  }
  if (row.read_only) {
    throw new UnfitServerError(
      'the session cannot write: DATABASE_URL names a standby, or the role is read-only by default',
    );
  }
  return { hasTables: row.has_tables };
}
