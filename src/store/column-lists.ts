/**
 * The column lists that a record may have. A record's own text is only ever looked up here, never pasted into
 * SQL: what reaches a statement is a constant of ours.
 */

import { keyedUsageColumns, usageColumns } from '../usage/row.ts';

/** One order of the columns of `usages`. */
export interface ColumnList {
  /** Comma-separated, as a record's header has it and as SQL takes it. */
  readonly sql: string;
  readonly names: readonly string[];
  /** Up to the last column that holds an instant: whether each does. */
  readonly instants: readonly boolean[];
}

/** Every list that some release wrote. */
const known: ReadonlyMap<string, ColumnList> = new Map(
  [usageColumns, keyedUsageColumns].map((sql) => [sql, columnList(sql)]),
);

/** Null where no release of ours wrote such a list. */
export function knownColumnList(columns: string): ColumnList | null {
  return known.get(columns) ?? null;
}

/** The list that a single COPY line has, told by how many fields it has; null where none fits. */
export function columnListOfLine(line: Buffer): ColumnList | null {
  let fields = 1;
  for (const byte of line) if (byte === 0x09) fields += 1;
  for (const list of known.values()) if (list.names.length === fields) return list;
  return null;
}

function columnList(sql: string): ColumnList {
  const names = sql.split(',');
  const isInstant = names.map((name) => name === 'used_at' || name === 'received_at');
  return { sql, names, instants: isInstant.slice(0, isInstant.lastIndexOf(true) + 1) };
}
