/**
 * The plain form of a usage: one flat JSON object of the known fields alone, each at most once, its texts printable
 * ASCII without escapes. Nearly every device sends it. One pass over the body's bytes checks it and writes its row:
 * no value is made of it in between.
 *
 * Nothing is refused here. What is not plain, or not valid, is left to `JSON.parse` and `validateUsage`, which say what
 * is wrong with it; a property test holds both ways to the same rows.
 */

import { timestampLength, utcMonth, writeTimestamp } from './calendar.ts';
import { medicationLengthMax, patientIdLengthMax, usageBytesMax } from './limits.ts';
import { parseTimestampBytes } from './timestamp.ts';
import { type UuidV7, uuidLength } from './uuid-v7.ts';

const [tab, lineFeed, carriageReturn, space] = [0x09, 0x0a, 0x0d, 0x20];
const [quote, comma, minus, zero, colon, backslash, tilde] = [0x22, 0x2c, 0x2d, 0x30, 0x3a, 0x5c, 0x7e];
const [braceOpen, braceClose, capitalN] = [0x7b, 0x7d, 0x4e];

/** As they stand behind the quote that opens them. */
const keys = {
  patientId: Buffer.from('patientId"'),
  medication: Buffer.from('medication"'),
  timestamp: Buffer.from('timestamp"'),
  id: Buffer.from('id"'),
};
/** Of a safe integer whatever the digits. */
const integerDigitsMax = 15;
const unseen = -1;
const notPlain = -1;

/** Reads usages one after the other; what it found of the last one is good until the next. */
export class PlainUsageReader {
  /** COPY row, all ASCII, so as many bytes as characters; it begins with the id. */
  row = '';
  /** As `utcMonth` counts. */
  month = 0;
  readonly #ids: UuidV7;
  readonly #row = Buffer.allocUnsafeSlow(1024);
  readonly #receivedAt = new Uint8Array(timestampLength);
  #receivedAtMs = Number.NaN;
  #patientId = unseen;
  #patientIdEnd = 0;
  #medication = unseen;
  #medicationEnd = 0;
  #timestampAt = unseen;
  #timestampEnd = 0;
  #id = unseen;
  #idEnd = 0;

  constructor(ids: UuidV7) {
    this.#ids = ids;
  }

  /**
   * Reads the object that starts at `from`, blanks before it aside.
   * @param end what lies there is not looked at, and is a line feed or the end of the bytes
   * @param nowMs the clock, epoch milliseconds
   * @returns the place behind it, or -1 where it is not plain or not valid
   */
  read(bytes: Uint8Array, from: number, end: number, nowMs: number): number {
    // A larger one may be too large, which the general way judges.
    const next = this.#locateFields(bytes, from, Math.min(end, from + usageBytesMax));
    return next !== notPlain && this.#encode(bytes, nowMs) ? next : notPlain;
  }

  #locateFields(bytes: Uint8Array, from: number, end: number): number {
    this.#patientId = this.#medication = this.#timestampAt = this.#id = unseen;
    let at = blankEnd(bytes, from, end);
    if (bytes[at] !== braceOpen) return notPlain;
    do {
      at = this.#locateField(bytes, blankEnd(bytes, at + 1, end), end);
      if (at === notPlain) return notPlain;
      at = blankEnd(bytes, at, end);
    } while (bytes[at] === comma);
    return bytes[at] === braceClose ? at + 1 : notPlain;
  }

  /** @returns the place behind the field at `at` */
  #locateField(bytes: Uint8Array, at: number, end: number): number {
    if (bytes[at] !== quote) return notPlain;
    switch (bytes[at + 1]) {
      case keys.patientId[0]:
        if (this.#patientId !== unseen) return notPlain;
        return this.#locatePatientId(bytes, valueAt(bytes, at + 1, keys.patientId, end), end);
      case keys.medication[0]:
        if (this.#medication !== unseen) return notPlain;
        this.#medication = valueAt(bytes, at + 1, keys.medication, end) + 1;
        this.#medicationEnd = textEnd(bytes, this.#medication, end);
        return afterText(this.#medicationEnd);
      case keys.timestamp[0]:
        if (this.#timestampAt !== unseen) return notPlain;
        this.#timestampAt = valueAt(bytes, at + 1, keys.timestamp, end) + 1;
        this.#timestampEnd = textEnd(bytes, this.#timestampAt, end);
        return afterText(this.#timestampEnd);
      case keys.id[0]:
        if (this.#id !== unseen) return notPlain;
        this.#id = valueAt(bytes, at + 1, keys.id, end) + 1;
        this.#idEnd = textEnd(bytes, this.#id, end);
        return afterText(this.#idEnd);
      default:
        return notPlain;
    }
  }

  /** A text, or an integer whose digits are what it is called by. */
  #locatePatientId(bytes: Uint8Array, at: number, end: number): number {
    if (at === notPlain) return notPlain;
    if (bytes[at] === quote) {
      this.#patientId = at + 1;
      this.#patientIdEnd = textEnd(bytes, this.#patientId, end);
      return afterText(this.#patientIdEnd);
    }
    let after = at;
    while (isDigit(bytes[after]!)) after++;
    const digits = after - at;
    if (digits === 0 || digits > integerDigitsMax || (bytes[at] === zero && digits > 1)) return notPlain;
    this.#patientId = at;
    this.#patientIdEnd = after;
    return after;
  }

  /** Checks the fields that were located, and writes the row. */
  #encode(bytes: Uint8Array, nowMs: number): boolean {
    if (this.#patientId === unseen || this.#medication === unseen || this.#timestampAt === unseen)
      return false;
    if (!isWithin(this.#patientIdEnd - this.#patientId, patientIdLengthMax)) return false;
    if (!isWithin(this.#medicationEnd - this.#medication, medicationLengthMax)) return false;
    // The quote stands behind it.
    const usedAt = parseTimestampBytes(bytes, this.#timestampAt, this.#timestampEnd, nowMs);
    if (typeof usedAt === 'string') return false;
    const row = this.#row;
    if (this.#id === unseen) this.#ids.write(row, 0, nowMs);
    else if (!copyUuid(bytes, this.#id, this.#idEnd, row)) return false;
    let at = uuidLength;
    row[at++] = tab;
    at = copy(bytes, this.#patientId, this.#patientIdEnd, row, at);
    row[at++] = tab;
    at = copy(bytes, this.#medication, this.#medicationEnd, row, at);
    row[at++] = tab;
    at = writeTimestamp(row, at, usedAt.ms);
    row[at++] = tab;
    at =
      usedAt.utcOffsetMinutes === null ? writeNull(row, at) : writeInteger(row, at, usedAt.utcOffsetMinutes);
    row[at++] = tab;
    if (nowMs !== this.#receivedAtMs) {
      writeTimestamp(this.#receivedAt, 0, nowMs);
      this.#receivedAtMs = nowMs;
    }
    at = copy(this.#receivedAt, 0, timestampLength, row, at);
    row[at++] = tab;
    at = writeNull(row, at);
    row[at++] = lineFeed;
    this.row = row.toString('latin1', 0, at);
    this.month = utcMonth(usedAt.ms);
    return true;
  }
}

/** Where what is not blank begins, `end` at the latest. */
export function blankEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte !== space && byte !== lineFeed && byte !== carriageReturn && byte !== tab) break;
    at++;
  }
  return at;
}

/** Where the value of the field begins whose key begins at `at`, or -1 where it has another key. */
function valueAt(bytes: Uint8Array, at: number, key: Uint8Array, end: number): number {
  for (let i = 0; i < key.length; i++) if (bytes[at + i] !== key[i]) return notPlain;
  const colonAt = blankEnd(bytes, at + key.length, end);
  return bytes[colonAt] === colon ? blankEnd(bytes, colonAt + 1, end) : notPlain;
}

/** Where the text ends, before the quote, that begins behind one at `from - 1`; -1 where there is none or it is not plain. */
function textEnd(bytes: Uint8Array, from: number, end: number): number {
  if (bytes[from - 1] !== quote) return notPlain;
  for (let at = from; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === quote) return at;
    if (!(byte >= space && byte <= tilde) || byte === backslash) return notPlain;
  }
  return notPlain;
}

function afterText(end: number): number {
  return end === notPlain ? notPlain : end + 1;
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= zero + 9;
}

function isWithin(length: number, max: number): boolean {
  return length >= 1 && length <= max;
}

/** @returns the place behind the copy */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  for (let i = start; i < end; i++) to[at++] = from[i]!;
  return at;
}

/** Copies a UUID in small letters to the beginning of `to`; false where it is none. */
function copyUuid(from: Uint8Array, start: number, end: number, to: Uint8Array): boolean {
  if (end - start !== uuidLength) return false;
  for (let i = 0; i < uuidLength; i++) {
    const byte = from[start + i]!;
    const isHyphen = i === 8 || i === 13 || i === 18 || i === 23;
    // The bit makes a capital letter small; digits have it already.
    const small = byte | 0x20;
    if (isHyphen ? byte !== minus : !isDigit(byte) && !(small >= 0x61 && small <= 0x66)) return false;
    to[i] = small;
  }
  return true;
}

function writeNull(to: Uint8Array, at: number): number {
  to[at] = backslash;
  to[at + 1] = capitalN;
  return at + 2;
}

/** An integer of at most four digits. */
function writeInteger(to: Uint8Array, from: number, value: number): number {
  let at = from;
  if (value < 0) to[at++] = minus;
  const size = Math.abs(value);
  for (let unit = size >= 1_000 ? 1_000 : size >= 100 ? 100 : size >= 10 ? 10 : 1; unit >= 1; unit /= 10)
    to[at++] = zero + (Math.floor(size / unit) % 10);
  return at;
}
