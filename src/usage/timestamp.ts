/**
 * The timestamp forms a usage may carry, exactly these, each read by hand. `Date.parse` is not used: V8 guesses
 * ("hello 1" is a date to it), reads .000999999999 of a second as .999, and costs more.
 *
 * - RFC 3339 with `T`, `t` or a space; seconds and fraction optional; zone optional: a time without a zone is UTC. An
 *   offset may lack its colon, and a space may stand before it, as iOS prints a date.
 *   `2016-11-01T09:11:51.123-05:00`, `2016-11-01 14:11:51 +0000`
 * - what `Date.prototype.toString` prints, the zone's name optional: `Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)`
 * - what `Date.prototype.toUTCString` prints: `Tue, 01 Nov 2016 14:11:51 GMT`
 * - epoch milliseconds as a number
 *
 * Decided here:
 * - A fraction of a millisecond is cut, not rounded, in numbers too (`performance.now` gives such).
 * - A weekday that does not fit its date is refused: the sender contradicts itself, and no engine prints that.
 * - A leap second is taken only where RFC 3339 section 5.7 allows one, at 23:59:60 UTC of a month's last day, and is
 *   the first second of the next month, as POSIX time and Postgres have it.
 * - `-00:00` is RFC 3339's "offset unknown" and gives no offset; `GMT-0000` is read alike. Zone offsets go to ±23:59.
 * - Years have four digits.
 */

import { dateFromDays, dayMs, daysFromDate, daysInMonth, weekdayOfDays } from './calendar.ts';
import { controlCharacter, textFaults } from './text.ts';
import type { UsageProblemCode } from './usage-problems.ts';

export interface Timestamp {
  /** Epoch milliseconds, an integer. */
  readonly ms: number;
  /** Minutes east of UTC, null where the sender's zone is unknown. */
  readonly utcOffsetMinutes: number | null;
}

/** 2000-01-01T00:00:00Z: the earliest instant a usage may have. */
export const usedAtMsMin = 946_684_800_000;
/** How far ahead of our clock a usage may be: a device in any zone that takes its local time for UTC. */
export const usedAtAheadMsMax = dayMs;

/** Reads a timestamp; both bounds of the range are inclusive. */
export function parseTimestamp(value: unknown, nowMs: number): Timestamp | UsageProblemCode {
  if (typeof value === 'string') return inRange(parseText(value), nowMs);
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'timestamp_format';
  return inRange({ ms: Math.floor(value), utcOffsetMinutes: null }, nowMs);
}

/**
 * Reads a timestamp that stands in bytes, all printable ASCII.
 * @param end the place behind it, where no digit and none of `:.` stands
 */
export function parseTimestampBytes(
  bytes: Uint8Array,
  from: number,
  end: number,
  nowMs: number,
): Timestamp | UsageProblemCode {
  return inRange(parseBytes(bytes, from, end), nowMs);
}

function inRange(read: Timestamp | UsageProblemCode, nowMs: number): Timestamp | UsageProblemCode {
  if (typeof read === 'string') return read;
  return read.ms < usedAtMsMin || read.ms > nowMs + usedAtAheadMsMax ? 'timestamp_range' : read;
}

const space = 0x20;
const comma = 0x2c;
const colon = 0x3a;
const plus = 0x2b;
const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;

/** As bytes of UTF-8: what is not ASCII is no byte of any form, but for the name of a zone. */
function parseText(text: string): Timestamp | UsageProblemCode {
  const bytes = Buffer.from(text, 'utf8');
  const read = parseBytes(bytes, 0, bytes.length);
  if (typeof read === 'string' || text.length <= zoneNameAt) return read;
  // The name is not stored, but is text all the same.
  const faults = textFaults(text);
  if (faults === 0) return read;
  return faults & controlCharacter ? 'text_control_character' : 'text_not_well_formed';
}

function parseBytes(bytes: Uint8Array, from: number, end: number): Timestamp | UsageProblemCode {
  if (end - from < 16) return 'timestamp_format';
  const fourth = bytes[from + 3];
  if (fourth === space) return parseDateString(bytes, from, end);
  if (fourth === comma) return parseUtcString(bytes, from, end);
  return parseRfc3339(bytes, from, end);
}

/** Where ` (CDT)` begins in what `toString` prints. */
const zoneNameAt = 33;

/** `Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)`; the name in parentheses is optional and any text. */
function parseDateString(bytes: Uint8Array, from: number, end: number): Timestamp | UsageProblemCode {
  if (
    end - from < zoneNameAt ||
    bytes[from + 7] !== space ||
    bytes[from + 10] !== space ||
    bytes[from + 15] !== space ||
    bytes[from + 24] !== space ||
    !hasGmt(bytes, from + 25) ||
    !(end - from === zoneNameAt || hasZoneName(bytes, from + zoneNameAt, end))
  )
    return 'timestamp_format';
  const month = monthNamed(bytes, from + 4);
  const days = daysOfNamedDate(bytes, from, fourDigits(bytes, from + 11), month, twoDigits(bytes, from + 8));
  const timeMs = msOfTime(bytes, from + 16);
  const offset = signedMinutes(bytes[from + 28]!, twoDigits(bytes, from + 29), twoDigits(bytes, from + 31));
  if (days === invalid || timeMs === invalid || offset === invalid) return 'timestamp_format';
  return {
    ms: days * dayMs + timeMs - offset * 60_000,
    utcOffsetMinutes: offset === 0 && bytes[from + 28] === minus ? null : offset,
  };
}

function hasZoneName(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at >= 3 && bytes[at] === space && bytes[at + 1] === 0x28 && bytes[end - 1] === 0x29;
}

/** `Tue, 01 Nov 2016 14:11:51 GMT` */
function parseUtcString(bytes: Uint8Array, from: number, end: number): Timestamp | UsageProblemCode {
  if (
    end - from !== 29 ||
    bytes[from + 4] !== space ||
    bytes[from + 7] !== space ||
    bytes[from + 11] !== space ||
    bytes[from + 16] !== space ||
    bytes[from + 25] !== space ||
    !hasGmt(bytes, from + 26)
  )
    return 'timestamp_format';
  const month = monthNamed(bytes, from + 8);
  const days = daysOfNamedDate(bytes, from, fourDigits(bytes, from + 12), month, twoDigits(bytes, from + 5));
  const timeMs = msOfTime(bytes, from + 17);
  if (days === invalid || timeMs === invalid) return 'timestamp_format';
  return { ms: days * dayMs + timeMs, utcOffsetMinutes: null };
}

function parseRfc3339(bytes: Uint8Array, from: number, end: number): Timestamp | UsageProblemCode {
  const separator = bytes[from + 10];
  const year = fourDigits(bytes, from);
  const month = twoDigits(bytes, from + 5);
  const day = twoDigits(bytes, from + 8);
  const hour = twoDigits(bytes, from + 11);
  const minute = twoDigits(bytes, from + 14);
  if (
    bytes[from + 4] !== minus ||
    bytes[from + 7] !== minus ||
    (separator !== 0x54 && separator !== space && separator !== 0x74) ||
    bytes[from + 13] !== colon ||
    !isDate(year, month, day) ||
    hour >>> 0 > 23 ||
    minute >>> 0 > 59
  )
    return 'timestamp_format';
  let at = from + 16;
  let second = 0;
  let fractionMs = 0;
  if (bytes[at] === colon) {
    if (end - at < 3) return 'timestamp_format';
    second = twoDigits(bytes, at + 1);
    if (second >>> 0 > 60) return 'timestamp_format';
    at += 3;
    if (bytes[at] === dot) {
      const fractionAt = at + 1;
      at = digitsEnd(bytes, fractionAt, end);
      if (at === fractionAt) return 'timestamp_format';
      for (let i = fractionAt, unitMs = 100; i < at && unitMs >= 1; i++, unitMs /= 10)
        fractionMs += (bytes[i]! - zero) * unitMs;
    }
  }
  const offset = zoneMinutes(bytes, at, end);
  if (offset === invalid) return 'timestamp_format';
  const seconds = (hour * 60 + minute - (offset ?? 0)) * 60 + second;
  const ms = daysFromDate(year, month, day) * dayMs + seconds * 1000;
  if (second === 60 && !startsUtcMonth(ms)) return 'timestamp_format';
  return { ms: ms + fractionMs, utcOffsetMinutes: offset };
}

/** The zone that ends an RFC 3339 text: minutes, null where it says nothing of the sender's, or `invalid`. */
function zoneMinutes(bytes: Uint8Array, from: number, end: number): number | null {
  if (from === end) return null;
  const first = bytes[from]!;
  if (first === 0x5a || first === 0x7a) return end === from + 1 ? null : invalid;
  const at = first === space ? from + 1 : from;
  const sign = bytes[at]!;
  const minutesAt = bytes[at + 3] === colon ? at + 4 : at + 3;
  if (end !== minutesAt + 2) return invalid;
  const minutes = signedMinutes(sign, twoDigits(bytes, at + 1), twoDigits(bytes, minutesAt));
  return minutes === 0 && sign === minus ? null : minutes;
}

/** No part of a timestamp is as low: what the parts below give for text that is none. */
const invalid = -1_000_000_000;

/** The number at two digits, -1 where there are none. The bytes must reach as far: beyond them, NaN would pass for 0. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - zero;
  const ones = bytes[at + 1]! - zero;
  return tens >>> 0 > 9 || ones >>> 0 > 9 ? -1 : tens * 10 + ones;
}

/** As `twoDigits`, for four. */
function fourDigits(bytes: Uint8Array, at: number): number {
  const high = twoDigits(bytes, at);
  const low = twoDigits(bytes, at + 2);
  return high < 0 || low < 0 ? -1 : high * 100 + low;
}

function digitsEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at]! - zero) >>> 0 <= 9) at++;
  return at;
}

function isDate(year: number, month: number, day: number): boolean {
  return year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

const weekdayNames = Buffer.from('SunMonTueWedThuFriSat');

/** Days since the epoch of a date whose weekday's name stands at `nameAt`, or `invalid`. */
function daysOfNamedDate(
  bytes: Uint8Array,
  nameAt: number,
  year: number,
  month: number,
  day: number,
): number {
  if (!isDate(year, month, day)) return invalid;
  const days = daysFromDate(year, month, day);
  return hasName(bytes, nameAt, weekdayNames, weekdayOfDays(days)) ? days : invalid;
}

const monthNames = Buffer.from('JanFebMarAprMayJunJulAugSepOctNovDec');
/** The month, 1 to 12, by the low five bits of its name's second and third letters, which tell all twelve apart. */
const monthByBits = new Int8Array(1024);
for (let index = 0; index < 12; index++) monthByBits[nameBits(monthNames, index * 3)] = index + 1;

function nameBits(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 1]! & 31) << 5) | (bytes[at + 2]! & 31);
}

/** 1 to 12, or -1. */
function monthNamed(bytes: Uint8Array, at: number): number {
  const month = monthByBits[nameBits(bytes, at)]!;
  return month > 0 && hasName(bytes, at, monthNames, month - 1) ? month : -1;
}

/** Whether the three letters at `at` are those of the name of that index. */
function hasName(bytes: Uint8Array, at: number, names: Uint8Array, index: number): boolean {
  const name = index * 3;
  return bytes[at] === names[name] && bytes[at + 1] === names[name + 1] && bytes[at + 2] === names[name + 2];
}

/** The milliseconds of `09:11:51`, or `invalid`. */
function msOfTime(bytes: Uint8Array, at: number): number {
  const hour = twoDigits(bytes, at);
  const minute = twoDigits(bytes, at + 3);
  const second = twoDigits(bytes, at + 6);
  return hour >>> 0 > 23 ||
    minute >>> 0 > 59 ||
    second >>> 0 > 59 ||
    bytes[at + 2] !== colon ||
    bytes[at + 5] !== colon
    ? invalid
    : ((hour * 60 + minute) * 60 + second) * 1000;
}

/** Minutes east of UTC, within ±23:59, or `invalid`. */
function signedMinutes(sign: number, hours: number, minutes: number): number {
  if (hours >>> 0 > 23 || minutes >>> 0 > 59) return invalid;
  if (sign === plus) return hours * 60 + minutes;
  // Minus zero would be told apart from zero by Object.is and by tests.
  return sign === minus ? 0 - (hours * 60 + minutes) : invalid;
}

function hasGmt(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x47 && bytes[at + 1] === 0x4d && bytes[at + 2] === 0x54;
}

function startsUtcMonth(ms: number): boolean {
  return ms % dayMs === 0 && dateFromDays(ms / dayMs).day === 1;
}
