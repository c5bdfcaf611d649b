/**
 * COPY of bytes that are COPY text already: nothing is parsed, nothing is done per row. Straight into `usages`, or,
 * where usages may be there already, into a temporary table, from which what is new is inserted. The first stored
 * wins, within a batch too: rows are taken in the order in which they were copied.
 */

import type { Queryable, SqlClient } from '../postgres/sql-client.ts';
import type { ColumnList } from './column-lists.ts';

/** Where rows are copied to: constants of ours, safe to stand in SQL. */
export type CopyTarget = 'usages' | 'pg_temp.usages_staged';

/**
 * Copies rows, each ended by a line feed, within the transaction at hand.
 * @returns how many rows Postgres took
 * @throws what Postgres answers; the connection stays usable after a rollback
 */
export function copyRows(
  client: SqlClient,
  target: CopyTarget,
  columns: ColumnList,
  rows: Iterable<Buffer>,
): Promise<number> {
  const text = `copy ${target} (${columns.sql}) from stdin with (format text, encoding 'UTF8')`;
  return client.copyIn(text, joinSmall(rows));
}

export interface StagedRows {
  /** Rows that Postgres took in. */
  readonly copied: number;
  /** Those of them that were not there yet. */
  readonly inserted: number;
  /** Those of the others whose content is not that of the one that is there, and that were not kept before. */
  readonly conflicts: number;
}

/** It lives as long as the transaction, and has the constraints of `usages`, so that a refused row is named by its line. */
const makeTable =
  'create temporary table if not exists usages_staged (like usages including constraints) on commit drop';

/** Stores rows within the transaction at hand. */
export async function storeStaged(
  client: SqlClient,
  columns: ColumnList,
  rows: Iterable<Buffer>,
): Promise<StagedRows> {
  await client.query(`${makeTable}; truncate pg_temp.usages_staged`);
  const copied = await copyRows(client, 'pg_temp.usages_staged', columns, rows);
  const { rowCount } = await client.query(
    `insert into usages (${columns.sql}) select ${columns.sql} from pg_temp.usages_staged order by ctid on conflict do nothing`,
  );
  const inserted = rowCount ?? 0;
  return { copied, inserted, conflicts: copied > inserted ? await keepConflicts(client) : 0 };
}

/**
 * Keeps, of the staged rows, those that were dropped although they say something else than the one that was stored
 * first: a device that uses an id twice, say. A time of receipt of its own makes no other usage.
 * @returns how many
 */
async function keepConflicts(client: Queryable): Promise<number> {
  const { rowCount } = await client.query(
    `insert into usage_conflicts (id, patient_id, medication, used_at, utc_offset, received_at, attributes)
     select s.id, s.patient_id, s.medication, s.used_at, s.utc_offset, s.received_at, s.attributes
     from pg_temp.usages_staged s join usages u on u.patient_id = s.patient_id and u.used_at = s.used_at and u.id = s.id
     where (s.medication, s.utc_offset, s.attributes) is distinct from (u.medication, u.utc_offset, u.attributes)
     on conflict do nothing`,
  );
  return rowCount ?? 0;
}

/** Smaller buffers are joined: each write has a cost of its own, and at low load a record holds one row. */
const smallBytes = 32 * 1024;
const joinedBytes = 128 * 1024;
/**
 * Of a chunk as large as this pg-copy-streams (pinned) calls back only when its socket has nothing left: it is above
 * what a socket holds back before it asks to wait (16 or 64 KiB, by Node's version).
 */
const takenWholeBytes = 96 * 1024;

/** Joins small buffers; large ones pass as they are. A large chunk of them is overwritten once the next is asked for. */
export function* joinSmall(buffers: Iterable<Buffer>): Generator<Buffer, void, void> {
  let joined: Buffer | null = null;
  let bytes = 0;
  for (const buffer of buffers) {
    if (joined && bytes > 0 && (buffer.length >= smallBytes || bytes + buffer.length > joinedBytes)) {
      yield joined.subarray(0, bytes);
      // Used anew only when its bytes have surely gone.
      if (bytes < takenWholeBytes) joined = null;
      bytes = 0;
    }
    if (buffer.length >= smallBytes) yield buffer;
    else {
      joined ??= Buffer.allocUnsafeSlow(joinedBytes);
      bytes += buffer.copy(joined, bytes);
    }
  }
  if (joined && bytes > 0) yield joined.subarray(0, bytes);
}
