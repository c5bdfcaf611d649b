/**
 * A body that is being read, in slices: whatever it holds, it is put aside after a few milliseconds and goes on when
 * the event loop has served the others.
 */

import { blankEnd, type PlainUsageReader } from '../usage/plain-usage.ts';
import { ValueScan } from '../usage/value-scan.ts';
import type { RefusedBody, RequestUsages } from './request-outcome.ts';
import type { UsageDraft } from './usage-draft.ts';

export type BodyOutcome = RequestUsages | RefusedBody;

/** Yields where it may be put aside; what it knew of `Reading.bytes` is to be asked for anew then. */
export type Steps<T> = Generator<void, T, void>;

/** Bytes between two looks at the clock: some tens of microseconds. */
export const scanBytes = 32 * 1024;

export class Reading {
  /** The body; until `keep`, only until the first `step` has returned. */
  bytes: Buffer;
  readonly draft: UsageDraft;
  /** Reads usages in their plain form; null where that is not to be tried. */
  readonly plain: PlainUsageReader | null;
  readonly usagesMax: number;
  readonly #steps: Steps<BodyOutcome>;
  #untilMs = 0;

  constructor(
    parts: { bytes: Buffer; draft: UsageDraft; plain: PlainUsageReader | null; usagesMax: number },
    steps: (reading: Reading) => Steps<BodyOutcome>,
  ) {
    this.bytes = parts.bytes;
    this.draft = parts.draft;
    this.plain = parts.plain;
    this.usagesMax = parts.usagesMax;
    this.#steps = steps(this);
  }

  /** Reads on for about `forMs`. @returns null where there is more to do */
  step(forMs: number): BodyOutcome | null {
    this.#untilMs = performance.now() + forMs;
    const { done, value } = this.#steps.next();
    return done ? value : null;
  }

  /** Makes the bytes its own. */
  keep(): void {
    this.bytes = Buffer.from(this.bytes);
  }

  /** What it takes of memory. */
  get heldBytes(): number {
    return this.bytes.length + this.draft.rowBytes;
  }

  get isPauseDue(): boolean {
    return performance.now() >= this.#untilMs;
  }
}

/** Where what is not blank begins, `end` at the latest. */
export function* skipBlanks(reading: Reading, from: number, end: number): Steps<number> {
  for (let at = from; at < end; ) {
    const until = Math.min(end, at + scanBytes);
    at = blankEnd(reading.bytes, at, until);
    if (at < until) return at;
    if (reading.isPauseDue) yield;
  }
  return end;
}

/**
 * Runs `scan` to the end of its value, `end` at the latest.
 * @param isEnough asked now and then; true ends it early
 * @returns whether it has come to what stands behind the value
 */
export function* runScan(
  reading: Reading,
  scan: ValueScan,
  end: number,
  isEnough: () => boolean = () => false,
): Steps<boolean> {
  while (scan.at < end && !isEnough()) {
    if (scan.run(reading.bytes, Math.min(end, scan.at + scanBytes))) return true;
    if (reading.isPauseDue) yield;
  }
  return false;
}

/** The first value at `from`, as far as it lies before `end`: whole, or up to the first limit it passes. */
export function* scanValue(reading: Reading, from: number, end: number): Steps<ValueScan> {
  const scan = new ValueScan();
  scan.begin(from);
  if (!(yield* runScan(reading, scan, end, () => scan.excess !== null))) scan.finish();
  return scan;
}

/** Undefined where it is malformed: no JSON value is undefined. V8's message quotes the text, so it goes nowhere. */
export function parseJson(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    return undefined;
  }
}
