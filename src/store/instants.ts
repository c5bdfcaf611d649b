/**
 * The instants of rows: whether they are written as a front writes them (`2016-11-01T14:11:51.000Z`). Postgres reads
 * more than that (`now`, `infinity`, the year 44 BC), and what no front wrote is no usage, however well it copies.
 */

import { timestampLength, utcMonth } from '../usage/calendar.ts';
import { usedAtAheadMsMax, usedAtMsMin } from '../usage/timestamp.ts';
import type { ColumnList } from './column-lists.ts';

/** The months a usage may lie in, both included, as `year * 12 + (month - 1)`. */
export interface MonthWindow {
  readonly first: number;
  readonly last: number;
}

/** @param nowMs the later of the clocks that are at hand, epoch milliseconds */
export function monthWindow(nowMs: number): MonthWindow {
  return { first: utcMonth(usedAtMsMin), last: utcMonth(nowMs + usedAtAheadMsMax) };
}

export function isWithin(month: number, { first, last }: MonthWindow): boolean {
  return month >= first && month <= last;
}

const uuidLength = 36;
const [tab, lineFeed, zero, nine] = [0x09, 0x0a, 0x30, 0x39];
const [hyphen, colon, dot, letterT, letterZ] = [0x2d, 0x3a, 0x2e, 0x54, 0x5a];

/**
 * Whether every instant of all rows is written so. False too where a row has fewer fields. It is done for every row
 * that is stored, and costs about 0.1 µs: it leaps over what it need not see.
 */
export function areInstantsOurs(rows: Buffer, { instants }: ColumnList): boolean {
  const end = rows.length;
  for (let at = 0; at < end; ) {
    for (let field = 0; field < instants.length; field++) {
      if (instants[field]) {
        if (!isInstant(rows, at)) return false;
        at += timestampLength;
      } else {
        // An id takes 36 bytes. Where a tab stands there by chance, the instants are looked for at wrong places.
        if (field === 0 && rows[at + uuidLength] === tab) at += uuidLength;
        while (at < end && rows[at] !== tab && rows[at] !== lineFeed) at += 1;
      }
      if (field < instants.length - 1) {
        if (rows[at] !== tab) return false;
        at += 1;
      }
    }
    if (rows[at] !== tab && rows[at] !== lineFeed) return false;
    at = rows.indexOf(lineFeed, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

function isInstant(rows: Buffer, at: number): boolean {
  return (
    isDigit(rows[at]) &&
    isDigit(rows[at + 1]) &&
    isDigit(rows[at + 2]) &&
    isDigit(rows[at + 3]) &&
    rows[at + 4] === hyphen &&
    isDigit(rows[at + 5]) &&
    isDigit(rows[at + 6]) &&
    rows[at + 7] === hyphen &&
    rows[at + 10] === letterT &&
    rows[at + 13] === colon &&
    rows[at + 16] === colon &&
    rows[at + 19] === dot &&
    rows[at + 23] === letterZ
  );
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine;
}

/**
 * What one line's instants are worth: the UTC month of its `used_at`; `'foreign'` where one of them is not written as
 * ours are; null where the line has too few fields or no month has that number, which Postgres will say.
 */
export function monthOfLine(line: Buffer, columns: ColumnList): number | 'foreign' | null {
  const fields = line.toString('latin1').replace(/\n$/, '').split('\t');
  if (fields.length < columns.instants.length) return null;
  const isOurs = columns.instants.every(
    (isInstantField, field) =>
      !isInstantField ||
      (fields[field]!.length === timestampLength && isInstant(Buffer.from(fields[field]!, 'latin1'), 0)),
  );
  const usedAt = fields[columns.names.indexOf('used_at')]!;
  if (!isOurs) return 'foreign';
  const month = Number(usedAt.slice(5, 7));
  return month < 1 || month > 12 ? null : Number(usedAt.slice(0, 4)) * 12 + month - 1;
}
