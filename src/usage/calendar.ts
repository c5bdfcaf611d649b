/**
 * Days, months and epoch milliseconds of the proleptic Gregorian calendar in UTC, by integer arithmetic:
 * `Date` objects cost several times as much on the hot path.
 */

export const dayMs = 86_400_000;

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days in a month; `month` is 1 to 12. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)) return 29;
  return monthDays[month - 1]!;
}

/**
 * Days from 1970-01-01 to a date of the years 0 to 9999. A year is counted from March, so that the leap day
 * is its last, and in eras of 400 years (146,097 days), as Howard Hinnant's `days_from_civil` does.
 */
export function daysFromDate(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) | 0) + day - 1;
  const dayOfEra = yearOfEra * 365 + (yearOfEra >> 2) - ((yearOfEra / 100) | 0) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export interface CalendarDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** The inverse of `daysFromDate`. */
export function dateFromDays(days: number): CalendarDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra =
    ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
  const marchMonth = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * marchMonth + 2) / 5) | 0) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** Sunday is 0, as in `Date.prototype.getDay`. */
export function weekdayOfDays(days: number): number {
  return (((days + 4) % 7) + 7) % 7;
}

/** The month that was asked for last, and its bounds: neighbours mostly fall into the same one. */
let cachedFromMs = 0;
let cachedToMs = 0;
let cachedMonth = 0;

/** The UTC month of an instant as year * 12 + (month - 1), as record headers count them. */
export function utcMonth(ms: number): number {
  if (ms >= cachedFromMs && ms < cachedToMs) return cachedMonth;
  const { year, month } = dateFromDays(Math.floor(ms / dayMs));
  cachedFromMs = daysFromDate(year, month, 1) * dayMs;
  cachedToMs = cachedFromMs + daysInMonth(year, month) * dayMs;
  cachedMonth = year * 12 + month - 1;
  return cachedMonth;
}

/** Of `timestampText`, characters and bytes. */
export const timestampLength = 24;
const dayLength = '2016-11-01T'.length;
const [zero, hyphen, colon, dot, letterT, letterZ] = [0x30, 0x2d, 0x3a, 0x2e, 0x54, 0x5a];

let cachedDay = Number.NaN;
const cachedDayText = new Uint8Array(dayLength);
const scratch = Buffer.allocUnsafeSlow(timestampLength);

/**
 * An instant of the years 0 to 9999 as `2016-11-01T14:11:51.000Z`, the same as `toISOString`: Postgres reads it alike
 * whatever its DateStyle and TimeZone are. `ms` is an integer.
 */
export function timestampText(ms: number): string {
  writeTimestamp(scratch, 0, ms);
  return scratch.toString('latin1', 0, timestampLength);
}

/** Writes it to `to`. @returns the place behind it */
export function writeTimestamp(to: Uint8Array, at: number, ms: number): number {
  const day = Math.floor(ms / dayMs);
  if (day !== cachedDay) cacheDay(day);
  for (let i = 0; i < dayLength; i++) to[at + i] = cachedDayText[i]!;
  const msOfDay = ms - day * dayMs;
  const seconds = (msOfDay / 1000) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  const fraction = msOfDay - seconds * 1000;
  const hundredths = (fraction / 10) | 0;
  writeTwoDigits(to, at + 11, hours);
  to[at + 13] = colon;
  writeTwoDigits(to, at + 14, minutes - hours * 60);
  to[at + 16] = colon;
  writeTwoDigits(to, at + 17, seconds - minutes * 60);
  to[at + 19] = dot;
  writeTwoDigits(to, at + 20, hundredths);
  to[at + 22] = zero + fraction - hundredths * 10;
  to[at + 23] = letterZ;
  return at + timestampLength;
}

function cacheDay(day: number): void {
  const { year, month, day: dayOfMonth } = dateFromDays(day);
  const century = (year / 100) | 0;
  writeTwoDigits(cachedDayText, 0, century);
  writeTwoDigits(cachedDayText, 2, year - century * 100);
  cachedDayText[4] = hyphen;
  writeTwoDigits(cachedDayText, 5, month);
  cachedDayText[7] = hyphen;
  writeTwoDigits(cachedDayText, 8, dayOfMonth);
  cachedDayText[10] = letterT;
  cachedDay = day;
}

function writeTwoDigits(to: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0;
  to[at] = zero + tens;
  to[at + 1] = zero + value - tens * 10;
}
