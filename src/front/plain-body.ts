/**
 * Bodies whose usages are all plain and valid: read in one pass over their bytes. One usage that is not, and the whole
 * body is left to the general way, which gives the same outcomes and says what is wrong.
 */

import { blankEnd, PlainUsageReader } from '../usage/plain-usage.ts';
import type { Row } from '../usage/row.ts';
import { type UuidV7, uuidLength } from '../usage/uuid-v7.ts';
import type { BodyFormat } from './media-type.ts';
import { acceptedText, type RequestUsages } from './request-outcome.ts';

const [bracketOpen, bracketClose, comma, lineFeed] = [0x5b, 0x5d, 0x2c, 0x0a];

/** @returns a reader; null from it: not all plain and valid, or as many as `usagesMax` does not allow, or none */
export function createPlainReader(
  ids: UuidV7,
  usagesMax: number,
): (bytes: Uint8Array, format: BodyFormat) => RequestUsages | null {
  const usage = new PlainUsageReader(ids);

  function rowOf(): Row {
    const { row: text, month } = usage;
    return { text, bytes: text.length, month };
  }

  function readOne(bytes: Uint8Array): RequestUsages | null {
    const next = usage.read(bytes, 0, bytes.length, Date.now());
    if (next < 0 || blankEnd(bytes, next, bytes.length) < bytes.length) return null;
    const row = rowOf();
    return { single: true, rows: [row], results: resultOf(row), rejected: 0 };
  }

  function readArray(bytes: Uint8Array, from: number): RequestUsages | null {
    const end = bytes.length;
    const nowMs = Date.now();
    const rows: Row[] = [];
    let at = from;
    do {
      const next = rows.length < usagesMax ? usage.read(bytes, at + 1, end, nowMs) : -1;
      if (next < 0) return null;
      rows.push(rowOf());
      at = blankEnd(bytes, next, end);
    } while (bytes[at] === comma);
    return bytes[at] === bracketClose && blankEnd(bytes, at + 1, end) === end ? ofMany(rows) : null;
  }

  function readLines(bytes: Uint8Array): RequestUsages | null {
    const end = bytes.length;
    const nowMs = Date.now();
    const rows: Row[] = [];
    for (let at = blankEnd(bytes, 0, end); at < end; ) {
      const found = bytes.indexOf(lineFeed, at);
      const lineEnd = found < 0 ? end : found;
      const next = rows.length < usagesMax ? usage.read(bytes, at, lineEnd, nowMs) : -1;
      if (next < 0 || blankEnd(bytes, next, lineEnd) < lineEnd) return null;
      rows.push(rowOf());
      at = blankEnd(bytes, lineEnd, end);
    }
    return rows.length > 0 ? ofMany(rows) : null;
  }

  return (bytes, format) => {
    if (format === 'ndjson') return readLines(bytes);
    const from = blankEnd(bytes, 0, bytes.length);
    return bytes[from] === bracketOpen ? readArray(bytes, from) : readOne(bytes);
  };
}

function ofMany(rows: readonly Row[]): RequestUsages {
  return { single: false, rows, results: rows.map(resultOf).join(','), rejected: 0 };
}

/** A row begins with its id. */
function resultOf({ text }: Row): string {
  return acceptedText(text.slice(0, uuidLength));
}
