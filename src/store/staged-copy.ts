/**
 * The way for usages that may be there already: COPY into a temporary table, then INSERT what is new. The first
 * stored wins, within a batch too: rows are taken in the order in which they were copied.
 */

import type pg from 'pg';
import type { ColumnList } from './column-lists.ts';
import { copyRows } from './copy.ts';

export interface StagedRows {
  /** Rows that Postgres took in. */
  readonly copied: number;
  /** Those of them that were not there yet. */
  readonly inserted: number;
}

/**
 * The table lives as long as its session and is empty between transactions. It has the constraints that
 * `usages` had when it was made, so that a refused row is named by its line.
 */
const makeTable =
  'create temporary table if not exists usages_staged (like usages including constraints) on commit delete rows';

/** Makes it anew: the constraints of `usages` may have changed. */
export async function remakeStagingTable(client: pg.Client): Promise<void> {
  await client.query(`drop table if exists pg_temp.usages_staged; ${makeTable}`);
}

/** Stores rows within the transaction at hand. */
export async function storeStaged(
  client: pg.Client,
  columns: ColumnList,
  rows: Iterable<Buffer>,
): Promise<StagedRows> {
  await client.query(`${makeTable}; truncate pg_temp.usages_staged`);
  const copied = await copyRows(client, 'pg_temp.usages_staged', columns, rows);
  const { rowCount } = await client.query(
    `insert into usages (${columns.sql}) select ${columns.sql} from pg_temp.usages_staged order by ctid on conflict do nothing`,
  );
  return { copied, inserted: rowCount ?? 0 };
}
