/** What a session must be before rows go through it. */

import type pg from 'pg';
import { requireSuitableDatabase } from '../postgres/suitable-database.ts';

/**
 * @returns whether the tables are there; else the database is new, or was emptied. And the pid of its backend, on
 * whatever machine that runs
 * @throws UnsuitableDatabaseError where rows cannot be stored (another encoding, a standby)
 */
export async function checkSession(client: pg.Client): Promise<{ hasTables: boolean; backendPid: number }> {
  await requireSuitableDatabase(client);
  const { rows } = await client.query<{ has_tables: boolean; backend_pid: number }>(
    `select to_regclass('log_positions') is not null and to_regclass('usages') is not null as has_tables,
            pg_backend_pid() as backend_pid`,
  );
  const [row] = rows;
  return { hasTables: row!.has_tables, backendPid: row!.backend_pid };
}
