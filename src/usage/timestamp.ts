/**
 * The timestamp forms a usage may carry, exactly these, each read by hand. `Date.parse` is not used: V8 guesses
 * ("hello 1" is a date to it), reads .000999999999 of a second as .999, and costs more.
 *
 * - RFC 3339 with `T`, `t` or a space; seconds and fraction optional; zone optional, none is UTC.
 *   `2016-11-01T09:11:51.123-05:00`
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

import type { UsageProblemCode } from '../errors/http-problems.ts';
import { dateFromDays, dayMs, daysFromDate, daysInMonth, weekdayOfDays } from './calendar.ts';
import { controlCharacter, textFaults } from './text.ts';

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
  let timestamp: Timestamp | UsageProblemCode;
  if (typeof value === 'string') timestamp = parseText(value);
  else if (typeof value === 'number' && Number.isFinite(value))
    timestamp = { ms: Math.floor(value), utcOffsetMinutes: null };
  else return 'timestamp_format';
  if (typeof timestamp === 'string') return timestamp;
  if (timestamp.ms < usedAtMsMin || timestamp.ms > nowMs + usedAtAheadMsMax) return 'timestamp_range';
  return timestamp;
}

const space = 0x20;
const comma = 0x2c;
const colon = 0x3a;
const plus = 0x2b;
const minus = 0x2d;
const dot = 0x2e;

function parseText(text: string): Timestamp | UsageProblemCode {
  if (text.length < 16) return 'timestamp_format';
  const fourth = text.charCodeAt(3);
  if (fourth === space) return parseDateString(text);
  if (fourth === comma) return parseUtcString(text);
  return parseRfc3339(text);
}

/** `Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)`; the name in parentheses is optional and any text. */
function parseDateString(text: string): Timestamp | UsageProblemCode {
  const length = text.length;
  if (
    length < 33 ||
    text.charCodeAt(7) !== space ||
    text.charCodeAt(10) !== space ||
    text.charCodeAt(15) !== space ||
    text.charCodeAt(24) !== space ||
    !hasGmt(text, 25)
  )
    return 'timestamp_format';
  const days = daysOfNamedDate(text, fourDigits(text, 11), monthNamed(text, 4), twoDigits(text, 8));
  const timeMs = msOfTime(text, 16);
  const offset = signedMinutes(text, 28, twoDigits(text, 29), twoDigits(text, 31));
  if (days === invalid || timeMs === invalid || offset === invalid) return 'timestamp_format';
  if (length > 33) {
    const nameCode = zoneNameProblem(text);
    if (nameCode !== null) return nameCode;
  }
  return {
    ms: days * dayMs + timeMs - offset * 60_000,
    utcOffsetMinutes: offset === 0 && text.charCodeAt(28) === minus ? null : offset,
  };
}

/** What is wrong with ` (CDT)` at the end of what `toString` prints. The name is not stored, but is text all the same. */
function zoneNameProblem(text: string): UsageProblemCode | null {
  const last = text.length - 1;
  if (
    last < 35 ||
    text.charCodeAt(33) !== space ||
    text.charCodeAt(34) !== 0x28 ||
    text.charCodeAt(last) !== 0x29
  )
    return 'timestamp_format';
  const faults = textFaults(text);
  if (faults === 0) return null;
  return faults & controlCharacter ? 'text_control_character' : 'text_not_well_formed';
}

/** `Tue, 01 Nov 2016 14:11:51 GMT` */
function parseUtcString(text: string): Timestamp | UsageProblemCode {
  if (
    text.length !== 29 ||
    text.charCodeAt(4) !== space ||
    text.charCodeAt(7) !== space ||
    text.charCodeAt(11) !== space ||
    text.charCodeAt(16) !== space ||
    text.charCodeAt(25) !== space ||
    !hasGmt(text, 26)
  )
    return 'timestamp_format';
  const days = daysOfNamedDate(text, fourDigits(text, 12), monthNamed(text, 8), twoDigits(text, 5));
  const timeMs = msOfTime(text, 17);
  if (days === invalid || timeMs === invalid) return 'timestamp_format';
  return { ms: days * dayMs + timeMs, utcOffsetMinutes: null };
}

function parseRfc3339(text: string): Timestamp | UsageProblemCode {
  const length = text.length;
  const separator = text.charCodeAt(10);
  const year = fourDigits(text, 0);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  if (
    text.charCodeAt(4) !== minus ||
    text.charCodeAt(7) !== minus ||
    (separator !== 0x54 && separator !== space && separator !== 0x74) ||
    text.charCodeAt(13) !== colon ||
    !isDate(year, month, day) ||
    hour >>> 0 > 23 ||
    minute >>> 0 > 59
  )
    return 'timestamp_format';
  let at = 16;
  let second = 0;
  let fractionMs = 0;
  if (text.charCodeAt(at) === colon) {
    if (length < 19) return 'timestamp_format';
    second = twoDigits(text, 17);
    if (second >>> 0 > 60) return 'timestamp_format';
    at = 19;
    if (text.charCodeAt(at) === dot) {
      at = digitsEnd(text, 20);
      if (at === 20) return 'timestamp_format';
      for (let i = 20, unitMs = 100; i < at && unitMs >= 1; i++, unitMs /= 10)
        fractionMs += (text.charCodeAt(i) - 0x30) * unitMs;
    }
  }
  const offset = zoneMinutes(text, at);
  if (offset === invalid) return 'timestamp_format';
  const seconds = (hour * 60 + minute - (offset ?? 0)) * 60 + second;
  const ms = daysFromDate(year, month, day) * dayMs + seconds * 1000;
  if (second === 60 && !startsUtcMonth(ms)) return 'timestamp_format';
  return { ms: ms + fractionMs, utcOffsetMinutes: offset };
}

/** The zone that ends an RFC 3339 text: minutes, null where it says nothing of the sender's, or `invalid`. */
function zoneMinutes(text: string, at: number): number | null {
  const length = text.length;
  if (length === at) return null;
  const unit = text.charCodeAt(at);
  if (unit === 0x5a || unit === 0x7a) return length === at + 1 ? null : invalid;
  if (length !== at + 6 || text.charCodeAt(at + 3) !== colon) return invalid;
  const minutes = signedMinutes(text, at, twoDigits(text, at + 1), twoDigits(text, at + 4));
  return minutes === 0 && unit === minus ? null : minutes;
}

/** No part of a timestamp is as low: what the parts below give for text that is none. */
const invalid = -1_000_000_000;

/** The number at two digits, -1 where there are none. The text must reach as far: beyond it, NaN would pass for 0. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30;
  const ones = text.charCodeAt(at + 1) - 0x30;
  return tens >>> 0 > 9 || ones >>> 0 > 9 ? -1 : tens * 10 + ones;
}

/** As `twoDigits`, for four. */
function fourDigits(text: string, at: number): number {
  const high = twoDigits(text, at);
  const low = twoDigits(text, at + 2);
  return high < 0 || low < 0 ? -1 : high * 100 + low;
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && (text.charCodeAt(at) - 0x30) >>> 0 <= 9) at++;
  return at;
}

function isDate(year: number, month: number, day: number): boolean {
  return year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

const weekdayNames = 'SunMonTueWedThuFriSat';

/** Days since the epoch of a date whose weekday's name starts the text, or `invalid`. */
function daysOfNamedDate(text: string, year: number, month: number, day: number): number {
  if (!isDate(year, month, day)) return invalid;
  const days = daysFromDate(year, month, day);
  const name = weekdayOfDays(days) * 3;
  return text.charCodeAt(0) === weekdayNames.charCodeAt(name) &&
    text.charCodeAt(1) === weekdayNames.charCodeAt(name + 1) &&
    text.charCodeAt(2) === weekdayNames.charCodeAt(name + 2)
    ? days
    : invalid;
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** The month, 1 to 12, by the low five bits of its name's second and third letters, which tell all twelve apart. */
const monthByBits = new Int8Array(1024);
for (const [index, name] of monthNames.entries()) monthByBits[nameBits(name, 0)] = index + 1;

function nameBits(text: string, at: number): number {
  return ((text.charCodeAt(at + 1) & 31) << 5) | (text.charCodeAt(at + 2) & 31);
}

/** 1 to 12, or -1. */
function monthNamed(text: string, at: number): number {
  const month = monthByBits[nameBits(text, at)]!;
  return month > 0 && text.startsWith(monthNames[month - 1]!, at) ? month : -1;
}

/** The milliseconds of `09:11:51`, or `invalid`. */
function msOfTime(text: string, at: number): number {
  const hour = twoDigits(text, at);
  const minute = twoDigits(text, at + 3);
  const second = twoDigits(text, at + 6);
  return hour >>> 0 > 23 ||
    minute >>> 0 > 59 ||
    second >>> 0 > 59 ||
    text.charCodeAt(at + 2) !== colon ||
    text.charCodeAt(at + 5) !== colon
    ? invalid
    : ((hour * 60 + minute) * 60 + second) * 1000;
}

/** Minutes east of UTC, within ±23:59, or `invalid`; the sign stands at `signAt`. */
function signedMinutes(text: string, signAt: number, hours: number, minutes: number): number {
  if (hours >>> 0 > 23 || minutes >>> 0 > 59) return invalid;
  const sign = text.charCodeAt(signAt);
  if (sign === plus) return hours * 60 + minutes;
  // Minus zero would be told apart from zero by Object.is and by tests.
  return sign === minus ? 0 - (hours * 60 + minutes) : invalid;
}

function hasGmt(text: string, at: number): boolean {
  return text.charCodeAt(at) === 0x47 && text.charCodeAt(at + 1) === 0x4d && text.charCodeAt(at + 2) === 0x54;
}

function startsUtcMonth(ms: number): boolean {
  return ms % dayMs === 0 && dateFromDays(ms / dayMs).day === 1;
}
