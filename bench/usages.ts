/**
 * The usages that everything measured gets: number `n` is the same one in every run, as a body and as the row that
 * becomes of it. 50,000 patients in no order, who used their inhalers within the last day: keys as real ones are
 * spread over the index.
 */

import { encodeRow } from '../src/usage/row.ts';

const patients = 50_000;
const medications = ['Albuterol', 'Budesonide', 'Formoterol', 'Salmeterol', 'Tiotropium'] as const;
/** Of the sender: summer time in Chicago, as in the example that everyone posts. */
const utcOffsetMinutes = -300;
/** Back from `newestUsedAtMs`. */
const spanMs = 86_400_000;
/** A fixed day long past: every usage of a run falls into one or two months, whenever it runs. */
const newestUsedAtMs = Date.UTC(2026, 5, 15, 12);

/** Usage `n`, from 0. */
export interface BenchUsage {
  readonly patientId: string;
  readonly medication: string;
  /** Epoch milliseconds, whole seconds. */
  readonly usedAtMs: number;
}

export function usageOf(n: number): BenchUsage {
  const mixed = mix(n);
  const backMs = mix(n + 0x51ed) % spanMs;
  return {
    patientId: `${100_000 + (mixed % patients)}`,
    medication: medications[mixed % medications.length]!,
    usedAtMs: newestUsedAtMs - (backMs - (backMs % 1_000)),
  };
}

/** One usage as devices send it, without an id: `{"patientId":"100042","medication":...,"timestamp":"Mon Jun 15 ..."}` */
export function bodyOf(n: number): string {
  const { patientId, medication, usedAtMs } = usageOf(n);
  return JSON.stringify({ patientId, medication, timestamp: dateText(usedAtMs) });
}

/** No row of `rowOf` is longer: an id, two timestamps, and a patient and a medication of some characters. */
export const rowBytesMax = 256;

/** The row that Postgres gets of usage `n`, ended by a line feed; columns as `usageColumns` names them. */
export function rowOf(n: number, receivedAtText: string): string {
  const { patientId, medication, usedAtMs } = usageOf(n);
  return encodeRow(
    { id: null, patientId, medication, usedAtMs, utcOffsetMinutes, attributes: null },
    idOf(n),
    receivedAtText,
  );
}

/**
 * Which usage stands in place `n` where one in `repeatEvery` is a repeat: an earlier one that is no repeat itself,
 * up to 500 * `repeatEvery` places before, as devices resend what they sent a moment ago.
 */
export function usageAt(n: number, repeatEvery: number | null): number {
  if (repeatEvery === null || n % repeatEvery !== repeatEvery - 1) return n;
  const back = repeatEvery * (mix(n) % 500) + 1;
  return back <= n ? n - back : n - 1;
}

/** How many different usages stand in the first `places`. */
export function distinctUsages(places: number, repeatEvery: number | null): number {
  return repeatEvery === null ? places : places - Math.floor(places / repeatEvery);
}

/** A bijection of 32-bit numbers whose neighbours lie far apart (the finaliser of MurmurHash3). */
function mix(n: number): number {
  let mixed = n | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** As the server's own ids are, a UUID v7, ascending as those of a front, with 62 random bits at the end. */
export function idOf(n: number): string {
  const time = (newestUsedAtMs + Math.floor(n / 16)).toString(16).padStart(12, '0');
  const counter = hexOfWord[n & 0xfff]!.slice(1);
  const random = `${hex32(mix(n + 1))}${hex32(mix(n + 0x9e3779b9))}`;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-8${random.slice(1, 4)}-${random.slice(4)}`;
}

/** Millions of rows are made before a drain begins: half of their time went into `toString(16)`. */
const hexOfWord = Array.from({ length: 0x10000 }, (_, word) => word.toString(16).padStart(4, '0'));
const hex32 = (n: number) => `${hexOfWord[n >>> 16]}${hexOfWord[n & 0xffff]}`;

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `Date.prototype.toString()` as a device in Chicago gives it. */
function dateText(ms: number): string {
  const local = new Date(ms + utcOffsetMinutes * 60_000);
  const time = local.toISOString().slice(11, 19);
  const day = `${local.getUTCDate()}`.padStart(2, '0');
  return `${days[local.getUTCDay()]} ${months[local.getUTCMonth()]} ${day} ${local.getUTCFullYear()} ${time} GMT-0500 (CDT)`;
}
