/** NDJSON: a usage a line. */

import { isUtf8 } from 'node:buffer';
import { usageBytesMax } from '../usage/limits.ts';
import { blankEnd } from '../usage/plain-usage.ts';
import type { HttpProblemCode } from './http-problems.ts';
import { parseJson, type Reading, type Steps, scanBytes, scanValue, skipBlanks } from './reading.ts';

const lineFeed = 0x0a;
/** Lines between two looks at the clock. */
const lineRun = 16;

/**
 * Plain usages as long as there are, then the bounds of all other lines, whose number is known before any is decoded,
 * then these. Blank lines are passed over.
 * @returns what it is refused for, or null where the draft holds its lines
 */
export function* readLines(reading: Reading): Steps<HttpProblemCode | null> {
  const { draft } = reading;
  const at = yield* readPlainLines(reading);
  const bounds = yield* findLines(reading, at);
  if (bounds === null) return 'too_many_usages';
  if (bounds.length > 0 && !isUtf8(reading.bytes)) return 'malformed_utf8';
  for (let i = 0; i < bounds.length; i += 2) {
    const start = bounds[i]!;
    const end = bounds[i + 1]!;
    const excess = end - start > usageBytesMax ? (yield* scanValue(reading, start, end)).excess : null;
    if (excess !== null) draft.reject({ code: excess, pointer: '' });
    else {
      const value = parseJson(reading.bytes, start, end);
      if (value === undefined) draft.reject({ code: 'malformed_json', pointer: '' });
      else draft.add(value);
    }
    if (reading.isPauseDue) yield;
  }
  return draft.length === 0 ? 'no_usages' : null;
}

function lineEnd(bytes: Buffer, from: number): number {
  const found = bytes.indexOf(lineFeed, from);
  return found < 0 ? bytes.length : found;
}

/** @returns where the first line stands that is not plain, or the end of the body */
function* readPlainLines(reading: Reading): Steps<number> {
  const { plain, draft, usagesMax } = reading;
  let { bytes } = reading;
  const { length } = bytes;
  let at = yield* skipBlanks(reading, 0, length);
  bytes = reading.bytes;
  while (plain !== null && at < length && draft.length < usagesMax) {
    const end = lineEnd(bytes, at);
    const next = plain.read(bytes, at, end, draft.nowMs);
    if (next < 0 || end - next > scanBytes || blankEnd(bytes, next, end) < end) break;
    draft.addRow(plain.row, plain.month);
    at = blankEnd(bytes, end, Math.min(length, end + scanBytes));
    // Many blank lines are gone through in slices.
    if (at - end === scanBytes) at = yield* skipBlanks(reading, at, length);
    else if (draft.length % lineRun === 0 && reading.isPauseDue) yield;
    else continue;
    bytes = reading.bytes;
  }
  return at;
}

/** Start and end of each line from `from` that is not blank; null where there are more than may be. */
function* findLines(reading: Reading, from: number): Steps<number[] | null> {
  const { draft, usagesMax } = reading;
  const { length } = reading.bytes;
  const linesMax = usagesMax - draft.length;
  const bounds: number[] = [];
  for (let at = from; at < length; ) {
    if (bounds.length === 2 * linesMax) return null;
    const end = lineEnd(reading.bytes, at);
    bounds.push(at, end);
    at = yield* skipBlanks(reading, end, length);
    if (bounds.length % (2 * lineRun) === 0 && reading.isPauseDue) yield;
  }
  return bounds;
}
