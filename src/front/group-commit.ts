/**
 * Group commit without a timer. While fewer appends are in flight than may be, what waits is appended at the end of
 * the event loop's turn (so the requests that one turn read share a group); else it gathers until one finishes. Idle
 * gives low latency, load gives large groups.
 *
 * One submission is one request's rows. They may span groups. A submission settles once: when all its rows are durable,
 * or at the first append of its that failed, or when its time is over. What of it waits then is not appended.
 */

import type { LogAppender, LogKind } from '../log/log.ts';
import { recordFormatVersion } from '../log/record.ts';
import { failpoint } from '../system/failpoint.ts';
import type { Row } from '../usage/row.ts';
import { type Group, Submission, type SubmissionOutcome, WaitingRows } from './submissions.ts';

export interface GroupCommitOptions {
  /** Of every row that is submitted, as record headers carry them. */
  readonly columns: string;
  readonly appender: LogAppender;
  readonly usagesMax: number;
  readonly bytesMax: number;
  readonly inFlightMax: number;
  readonly timeoutMs: number;
  /** An append was acknowledged by `log`. */
  onAppended(usages: number, durationMs: number, log: LogKind): void;
  onAppendFailed(error: unknown): void;
}

interface Append {
  readonly group: Group;
  readonly sinceMs: number;
}

/** Past it an append in flight does not hold back the next one, full or not. */
const slowAppendMs = 20;

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #waiting = new WaitingRows();
  /** In the order of their start; a handful. */
  readonly #inFlight: Append[] = [];
  #scheduled = false;
  #onDrained: (() => void)[] = [];

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Calls `onSettled` once, never before it returns. At least one row. `nowMs` is of the monotonic clock. */
  submit(rows: readonly Row[], nowMs: number, onSettled: (outcome: SubmissionOutcome) => void): void {
    this.#waiting.add(new Submission(rows, nowMs, onSettled));
    this.#schedule();
  }

  /** For how long the oldest row has been waiting to be durable, milliseconds; 0 when none is. */
  oldestWaitingMs(nowMs: number): number {
    const sinceMs = this.#waiting.oldestMs(nowMs);
    const oldest = this.#inFlight[0];
    return nowMs - (oldest && oldest.sinceMs < sinceMs ? oldest.sinceMs : sinceMs);
  }

  /** Settles what has waited beyond its time. Called now and then. */
  expire(nowMs: number): void {
    const sinceMs = nowMs - this.#options.timeoutMs;
    for (const { group } of this.#inFlight)
      for (const member of group.members) if (member.sinceMs < sinceMs) member.settle('durability_unknown');
    this.#waiting.expire(sinceMs);
    this.#tellIfDrained();
  }

  /** Resolves when nothing waits and nothing is in flight. */
  drained(): Promise<void> {
    if (this.#isDrained) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  readonly #appendWaiting = (): void => {
    const { usagesMax, bytesMax } = this.#options;
    this.#scheduled = false;
    while (this.#mayAppend && this.#isWorthAnAppend()) {
      const group = this.#waiting.takeGroup(usagesMax, bytesMax);
      if (group) this.#append({ group, sinceMs: performance.now() });
    }
    this.#tellIfDrained();
  };

  get #mayAppend(): boolean {
    return !this.#waiting.isEmpty && this.#inFlight.length < this.#options.inFlightMax;
  }

  #schedule(): void {
    if (this.#scheduled || !this.#mayAppend) return;
    this.#scheduled = true;
    setImmediate(this.#appendWaiting);
  }

  /**
   * An append costs much the same for one row as for many: beside one in flight another is begun for a full group
   * alone, or where the one in flight takes long.
   */
  #isWorthAnAppend(): boolean {
    const [oldest] = this.#inFlight;
    const { usagesMax, bytesMax } = this.#options;
    if (!oldest || this.#waiting.usages >= usagesMax || this.#waiting.bytes >= bytesMax) return true;
    return performance.now() - oldest.sinceMs > slowAppendMs;
  }

  #append(append: Append): void {
    const { texts, months } = append.group;
    const { appender, columns, onAppended, onAppendFailed } = this.#options;
    const count = texts.length;
    const header = {
      version: recordFormatVersion,
      columns,
      count,
      months: months.sort((a, b) => a - b),
      receivedAtMs: Date.now(),
    };
    this.#inFlight.push(append);
    appender.append(header, Buffer.from(texts.join(''), 'utf8')).then(
      (log) => {
        failpoint('appended');
        onAppended(count, performance.now() - append.sinceMs, log);
        this.#finish(append, true);
      },
      (error) => {
        onAppendFailed(error);
        this.#finish(append, false);
      },
    );
  }

  #finish(append: Append, durable: boolean): void {
    this.#inFlight.splice(this.#inFlight.indexOf(append), 1);
    this.#schedule();
    const { members, shares } = append.group;
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!;
      member.pending -= shares[i]!;
      if (!durable) member.settle('log_unavailable');
      else if (member.pending === 0) member.settle('durable');
    }
    this.#tellIfDrained();
  }

  get #isDrained(): boolean {
    return this.#waiting.isEmpty && this.#inFlight.length === 0;
  }

  #tellIfDrained(): void {
    if (!this.#isDrained) return;
    const told = this.#onDrained;
    this.#onDrained = [];
    for (const resolve of told) resolve();
  }
}
