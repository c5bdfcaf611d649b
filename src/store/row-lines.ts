/** Takes rows apart into lines: only where something was refused, never on the good path. */

import type { Run } from './batch.ts';
import type { ColumnList } from './column-lists.ts';

/** One row, its line feed included, and the position of its record. */
export interface RowLine {
  readonly position: number;
  readonly bytes: Buffer;
}

export function linesOf(records: Run['records']): RowLine[] {
  const lines: RowLine[] = [];
  for (const { position, rows } of records) {
    for (let start = 0; start < rows.length; ) {
      const end = rows.indexOf(0x0a, start) + 1 || rows.length;
      lines.push({ position, bytes: rows.subarray(start, end) });
      start = end;
    }
  }
  return lines;
}

/** The UTC months that rows' `used_at` begin with, as `year * 12 + (month - 1)`; for headers that miss one. */
export function monthsOfRows(records: Run['records'], columns: ColumnList): Set<number> {
  const months = new Set<number>();
  for (const { rows } of records) for (const month of monthsOfLines(rows, columns)) months.add(month);
  return months;
}

export function monthsOfLines(rows: Buffer, columns: ColumnList): Set<number> {
  const field = columns.names.indexOf('used_at');
  const months = new Set<number>();
  for (const line of rows.toString('latin1').split('\n')) {
    const text = /^(\d{4})-(\d\d)-/.exec(line.split('\t', field + 1)[field] ?? '');
    const month = Number(text?.[2]);
    if (text && month >= 1 && month <= 12) months.add(Number(text[1]) * 12 + month - 1);
  }
  return months;
}
