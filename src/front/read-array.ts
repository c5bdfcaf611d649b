/** A JSON array of usages. */

import { isUtf8 } from 'node:buffer';
import { blankEnd } from '../usage/plain-usage.ts';
import { type ValueExcess, ValueScan } from '../usage/value-scan.ts';
import type { HttpProblemCode } from './http-problems.ts';
import { parseJson, type Reading, runScan, type Steps, scanBytes, skipBlanks } from './reading.ts';

const [bracketClose, comma] = [0x5d, 0x2c];
const whole = -1;
/** Plain usages between two looks at the clock. */
const plainRun = 16;

/** Where an item lies, and the limit that it passes. */
interface Item {
  readonly start: number;
  readonly end: number;
  readonly excess: ValueExcess | null;
}

/**
 * The array whose bracket stands at `from`: plain usages as long as there are, then the bounds of all other items,
 * whose number is known before any is decoded, then these.
 * @returns what it is refused for, or null where the draft holds its items
 */
export function* readArray(reading: Reading, from: number): Steps<HttpProblemCode | null> {
  const at = yield* readPlainItems(reading, from + 1);
  if (at === whole) return null;
  const items = yield* findItems(reading, at);
  if (typeof items === 'string') return items;
  if (!isUtf8(reading.bytes)) return 'malformed_utf8';
  const { draft } = reading;
  for (const { start, end, excess } of items) {
    if (excess !== null) draft.reject({ code: excess, pointer: '' });
    else {
      const value = parseJson(reading.bytes, start, end);
      if (value === undefined) return 'malformed_json';
      draft.add(value);
    }
    if (reading.isPauseDue) yield;
  }
  return null;
}

/** @returns where the first item stands that is not plain, or `whole` where all are and the array ends the body */
function* readPlainItems(reading: Reading, from: number): Steps<number> {
  const { plain, draft, usagesMax } = reading;
  let { bytes } = reading;
  const end = bytes.length;
  let at = from;
  while (plain !== null && draft.length < usagesMax) {
    const next = plain.read(bytes, at, end, draft.nowMs);
    if (next < 0) break;
    const behind = blankEnd(bytes, next, Math.min(end, next + scanBytes));
    const isLast = bytes[behind] === bracketClose && isBlankTo(bytes, behind + 1, end);
    if (!isLast && bytes[behind] !== comma) break;
    draft.addRow(plain.row, plain.month);
    if (isLast) return whole;
    at = behind + 1;
    if (draft.length % plainRun === 0 && reading.isPauseDue) {
      yield;
      bytes = reading.bytes;
    }
  }
  return at;
}

/** Whether nothing but a few blanks stand there; many are gone through in slices, elsewhere. */
function isBlankTo(bytes: Buffer, from: number, end: number): boolean {
  return end - from <= scanBytes && blankEnd(bytes, from, end) === end;
}

/** The items from the one at `from`, or what the array is refused for. */
function* findItems(reading: Reading, from: number): Steps<Item[] | HttpProblemCode> {
  const { draft, usagesMax } = reading;
  const { length } = reading.bytes;
  const itemsMax = usagesMax - draft.length;
  const items: Item[] = [];
  const scan = new ValueScan();
  for (let at = from; ; at = scan.at + 1) {
    scan.begin(at);
    // The array is not closed.
    if (!(yield* runScan(reading, scan, length))) return 'malformed_json';
    const { start, end, excess } = scan;
    const byte = reading.bytes[scan.at];
    if (start === end) {
      const isEmpty = byte === bracketClose && items.length === 0 && draft.length === 0;
      if (!isEmpty) return 'malformed_json';
    } else {
      if (items.length === itemsMax) return 'too_many_usages';
      items.push({ start, end, excess });
    }
    if (byte === bracketClose) break;
    if (byte !== comma) return 'malformed_json';
    if (reading.isPauseDue) yield;
  }
  if ((yield* skipBlanks(reading, scan.at + 1, length)) < length) return 'malformed_json';
  return items.length === 0 ? 'no_usages' : items;
}
