/**
 * Requests' rows that wait to be appended, first come first served; in forming a group they take turns, so that a large
 * request does not hold up the small ones behind it.
 */

import type { Row } from '../usage/row.ts';

/** `overloaded`: no row of it was given to the log. The other two: some may be durable. */
export type SubmissionOutcome = 'durable' | 'overloaded' | 'log_unavailable' | 'durability_unknown';

/** One request's rows, until all are durable, an append of one failed, or their time is over: it settles once. */
export class Submission {
  readonly rows: readonly Row[];
  readonly sinceMs: number;
  readonly #onSettled: (outcome: SubmissionOutcome) => void;
  /** Rows given to the log so far: the next one to take. */
  taken = 0;
  /** Rows not durable yet. */
  pending: number;
  settled = false;
  next: Submission | null = null;

  constructor(rows: readonly Row[], sinceMs: number, onSettled: (outcome: SubmissionOutcome) => void) {
    this.rows = rows;
    this.sinceMs = sinceMs;
    this.#onSettled = onSettled;
    this.pending = rows.length;
  }

  settle(outcome: SubmissionOutcome): void {
    if (this.settled) return;
    this.settled = true;
    this.#onSettled(outcome);
  }
}

/** Rows for one append. */
export interface Group {
  readonly texts: string[];
  /** Of the rows, each once. */
  readonly months: number[];
  readonly members: Submission[];
  /** Rows of the member of the same index. */
  readonly shares: number[];
}

/** Rows that one submission takes before it is another's turn. */
const turnUsagesMax = 100;

/** The submissions of which rows wait. */
export class WaitingRows {
  #head: Submission | null = null;
  #tail: Submission | null = null;
  /** What waits, roughly: submissions that are settled while they wait count until they are looked at. */
  usages = 0;
  bytes = 0;

  get isEmpty(): boolean {
    return this.#head === null;
  }

  /** Since when the oldest waits, or `elseMs` where none does. */
  oldestMs(elseMs: number): number {
    return this.#head ? this.#head.sinceMs : elseMs;
  }

  add(submission: Submission): void {
    this.usages += submission.rows.length;
    for (const { bytes } of submission.rows) this.bytes += bytes;
    this.#push(submission);
  }

  /** Takes rows off, in turns, up to the bounds of a group; null where none is left that is not settled. */
  takeGroup(usagesMax: number, bytesMax: number): Group | null {
    const group: Group = { texts: [], months: [], members: [], shares: [] };
    let bytes = 0;
    while (this.#head && group.texts.length < usagesMax && bytes < bytesMax) {
      const submission = this.#shift();
      if (submission.settled) this.#forget(submission);
      else bytes = this.#takeTurn(submission, group, usagesMax, bytes, bytesMax);
    }
    return group.texts.length > 0 ? group : null;
  }

  /** @returns the bytes of the group with this turn's rows; at least `bytesMax` where the next row does not fit */
  #takeTurn(
    submission: Submission,
    { texts, months, members, shares }: Group,
    usagesMax: number,
    bytesBefore: number,
    bytesMax: number,
  ): number {
    const { rows, taken: first } = submission;
    const end = Math.min(rows.length, first + Math.min(turnUsagesMax, usagesMax - texts.length));
    let bytes = bytesBefore;
    while (submission.taken < end) {
      const row = rows[submission.taken]!;
      if (bytes + row.bytes > bytesMax && texts.length > 0) {
        bytes = bytesMax;
        break;
      }
      bytes += row.bytes;
      this.usages--;
      this.bytes -= row.bytes;
      texts.push(row.text);
      addMonth(months, row.month);
      submission.taken++;
    }
    if (submission.taken > first) {
      members.push(submission);
      shares.push(submission.taken - first);
    }
    if (submission.taken < rows.length) this.#push(submission);
    return bytes;
  }

  /** Settles those that came before `sinceMs`: what waits of them is not appended. */
  expire(sinceMs: number): void {
    let next = this.#head;
    this.#head = null;
    this.#tail = null;
    while (next) {
      const submission = next;
      next = submission.next;
      if (submission.sinceMs < sinceMs)
        submission.settle(submission.taken === 0 ? 'overloaded' : 'durability_unknown');
      if (submission.settled) this.#forget(submission);
      else this.#push(submission);
    }
  }

  #push(submission: Submission): void {
    submission.next = null;
    if (this.#tail) this.#tail.next = submission;
    else this.#head = submission;
    this.#tail = submission;
  }

  #shift(): Submission {
    const first = this.#head!;
    this.#head = first.next;
    if (!this.#head) this.#tail = null;
    return first;
  }

  /** What is left of a submission waits no more. */
  #forget({ rows, taken }: Submission): void {
    this.usages -= rows.length - taken;
    for (let i = taken; i < rows.length; i++) this.bytes -= rows[i]!.bytes;
  }
}

/** Nearly every group is of one month. */
function addMonth(months: number[], month: number): void {
  if (months[0] !== month && !months.includes(month)) months.push(month);
}
