/** Takes rows apart into lines: only where something was refused, never on the good path. */

/** One row, its line feed included, and the position of its record. */
export interface RowLine {
  readonly position: number;
  readonly bytes: Buffer;
}

export function linesOf(records: Iterable<{ position: number; rows: Buffer }>): RowLine[] {
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

/** Lines, the last one too where it has no line feed. */
export function countLines(rows: Buffer): number {
  let count = rows.length > 0 && rows.at(-1) !== 0x0a ? 1 : 0;
  for (let at = rows.indexOf(0x0a); at >= 0; at = rows.indexOf(0x0a, at + 1)) count += 1;
  return count;
}
