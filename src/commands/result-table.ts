/** Prints rows as an aligned table, as people know it from psql. */

import type { Writable } from 'node:stream';

export interface TableColumn {
  readonly name: string;
  readonly numeric: boolean;
}

/** @param rows every cell as Postgres' own text, null for NULL */
export function writeTable(
  out: Writable,
  columns: readonly TableColumn[],
  rows: readonly (readonly (string | null)[])[],
): void {
  const cells = rows.map((row) => row.map(cellText));
  const widths = columns.map((column, at) =>
    cells.reduce((width, row) => Math.max(width, widthOf(row[at] ?? '')), widthOf(cellText(column.name))),
  );
  const line = (row: readonly string[]) =>
    row
      .map((text, at) => pad(text, widths[at]!, columns[at]!.numeric))
      .join(' | ')
      .trimEnd();
  out.write(` ${line(columns.map(({ name }) => cellText(name)))}\n`);
  out.write(`${widths.map((width) => '-'.repeat(width + 2)).join('+')}\n`);
  for (const row of cells) out.write(` ${line(row)}\n`);
}

/** NULL is said; control characters, which could steer the terminal, are shown as what they are. */
function cellText(value: string | null): string {
  if (value === null) return 'NULL';
  return value.replace(/\p{Cc}/gu, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`;
  });
}

function pad(text: string, width: number, right: boolean): string {
  const spaces = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? spaces + text : text + spaces;
}

/** Columns of a terminal, nearly: marks take none, East Asian letters and most emoji two. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text.normalize('NFC')) {
    if (/[\p{M}\p{Cf}]/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}
