/**
 * Group commit without a timer. While fewer appends are in flight than may be, what waits is appended at the end of
 * the event loop's turn (so the requests that one turn read share a group); else it gathers until one finishes. Idle
 * gives low latency, load gives large groups.
 *
 * One submission is one request's rows. They may span groups; in forming one, the submissions take turns, so that a
 * large request does not hold up the small ones behind it. A submission settles once: when all its rows are durable,
 * or at the first append of its that failed, or when its time is over. What of it waits then is not appended.
 */

import type { LogAppender, LogKind } from '../log/log.ts';
import { recordFormatVersion } from '../log/record.ts';
import { failpoint } from '../system/failpoint.ts';
import { type Row, usageColumns } from '../usage/row.ts';

/** `overloaded`: no row of it was given to the log. The other two: some may be durable. */
export type SubmissionOutcome = 'durable' | 'overloaded' | 'log_unavailable' | 'durability_unknown';

export interface GroupCommit {
  /** Calls `onSettled` once, never before it returns. At least one row. */
  submit(rows: readonly Row[], nowMs: number, onSettled: (outcome: SubmissionOutcome) => void): void;
  /** For how long the oldest row has been waiting to be durable, milliseconds; 0 when none is. */
  oldestWaitingMs(nowMs: number): number;
  /** Settles what has waited beyond its time. Called now and then. */
  expire(nowMs: number): void;
  /** Resolves when nothing waits and nothing is in flight. */
  drained(): Promise<void>;
}

interface Submission {
  readonly rows: readonly Row[];
  readonly sinceMs: number;
  readonly onSettled: (outcome: SubmissionOutcome) => void;
  /** Rows given to the log so far: the next one to take. */
  taken: number;
  /** Rows not durable yet. */
  pending: number;
  settled: boolean;
  next: Submission | null;
}

interface Group {
  readonly members: Submission[];
  /** Rows of the member of the same index. */
  readonly shares: number[];
  readonly sinceMs: number;
}

/** Past it an append in flight does not hold back the next one, full or not. */
const slowAppendMs = 20;
/** Rows that one submission takes before it is another's turn. */
const turnUsagesMax = 100;

export function createGroupCommit(options: {
  appender: LogAppender;
  usagesMax: number;
  bytesMax: number;
  inFlightMax: number;
  timeoutMs: number;
  /** An append was acknowledged by `log`. */
  onAppended(usages: number, durationMs: number, log: LogKind): void;
  onAppendFailed(error: unknown): void;
}): GroupCommit {
  const { appender, usagesMax, bytesMax, inFlightMax, timeoutMs, onAppended, onAppendFailed } = options;
  let head: Submission | null = null;
  let tail: Submission | null = null;
  let scheduled = false;
  /** What waits, roughly: submissions that are settled while they wait count until they are looked at. */
  let waitingUsages = 0;
  let waitingBytes = 0;
  /** In the order of their start; a handful. */
  const inFlight: Group[] = [];
  let onDrained: (() => void)[] = [];

  function push(submission: Submission): void {
    submission.next = null;
    if (tail) tail.next = submission;
    else head = submission;
    tail = submission;
  }

  function shift(): Submission | null {
    const first = head;
    if (first) {
      head = first.next;
      if (!head) tail = null;
    }
    return first;
  }

  function schedule(): void {
    if (scheduled || !head || inFlight.length >= inFlightMax) return;
    scheduled = true;
    setImmediate(appendWaiting);
  }

  function appendWaiting(): void {
    scheduled = false;
    while (head && inFlight.length < inFlightMax && isWorthAnAppend()) appendGroup();
    if (!head && inFlight.length === 0) tellDrained();
  }

  /**
   * An append costs much the same for one row as for many: beside one in flight another is begun for a full group
   * alone, or where the one in flight takes long.
   */
  function isWorthAnAppend(): boolean {
    const [oldest] = inFlight;
    if (!oldest || waitingUsages >= usagesMax || waitingBytes >= bytesMax) return true;
    return performance.now() - oldest.sinceMs > slowAppendMs;
  }

  /** What is left of a submission waits no more. */
  function forget({ rows, taken }: Submission): void {
    waitingUsages -= rows.length - taken;
    for (let i = taken; i < rows.length; i++) waitingBytes -= rows[i]!.bytes;
  }

  /** Takes rows off the waiting submissions, in turns, up to the bounds of a group. */
  function appendGroup(): void {
    const members: Submission[] = [];
    const shares: number[] = [];
    const texts: string[] = [];
    const months: number[] = [];
    let bytes = 0;
    while (head && texts.length < usagesMax && bytes < bytesMax) {
      const submission = shift()!;
      if (submission.settled) {
        forget(submission);
        continue;
      }
      const first = submission.taken;
      const turnEnd = Math.min(
        submission.rows.length,
        first + Math.min(turnUsagesMax, usagesMax - texts.length),
      );
      while (submission.taken < turnEnd) {
        const row = submission.rows[submission.taken]!;
        if (bytes + row.bytes > bytesMax && texts.length > 0) {
          bytes = bytesMax;
          break;
        }
        bytes += row.bytes;
        waitingUsages--;
        waitingBytes -= row.bytes;
        texts.push(row.text);
        addMonth(months, row.month);
        submission.taken++;
      }
      if (submission.taken > first) {
        members.push(submission);
        shares.push(submission.taken - first);
      }
      if (submission.taken < submission.rows.length) push(submission);
    }
    if (texts.length > 0) append(texts, months, { members, shares, sinceMs: performance.now() });
  }

  function append(texts: string[], months: number[], group: Group): void {
    const count = texts.length;
    const header = {
      version: recordFormatVersion,
      columns: usageColumns,
      count,
      months: months.sort((a, b) => a - b),
      receivedAtMs: Date.now(),
    };
    inFlight.push(group);
    appender.append(header, Buffer.from(texts.join(''), 'utf8')).then(
      (log) => {
        failpoint('appended');
        onAppended(count, performance.now() - group.sinceMs, log);
        finish(group, true);
      },
      (error) => {
        onAppendFailed(error);
        finish(group, false);
      },
    );
  }

  function finish(group: Group, durable: boolean): void {
    inFlight.splice(inFlight.indexOf(group), 1);
    schedule();
    const { members, shares } = group;
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!;
      member.pending -= shares[i]!;
      if (!durable) settle(member, 'log_unavailable');
      else if (member.pending === 0) settle(member, 'durable');
    }
    if (!head && inFlight.length === 0) tellDrained();
  }

  function settle(submission: Submission, outcome: SubmissionOutcome): void {
    if (submission.settled) return;
    submission.settled = true;
    submission.onSettled(outcome);
  }

  function tellDrained(): void {
    const told = onDrained;
    onDrained = [];
    for (const resolve of told) resolve();
  }

  return {
    submit(rows, nowMs, onSettled) {
      const submission: Submission = {
        rows,
        sinceMs: nowMs,
        onSettled,
        taken: 0,
        pending: rows.length,
        settled: false,
        next: null,
      };
      waitingUsages += rows.length;
      for (const { bytes } of rows) waitingBytes += bytes;
      push(submission);
      schedule();
    },
    oldestWaitingMs(nowMs) {
      const sinceMs = head ? head.sinceMs : nowMs;
      const oldest = inFlight[0];
      return nowMs - (oldest && oldest.sinceMs < sinceMs ? oldest.sinceMs : sinceMs);
    },
    expire(nowMs) {
      for (const group of inFlight)
        for (const member of group.members)
          if (nowMs - member.sinceMs > timeoutMs) settle(member, 'durability_unknown');
      const waiting = head;
      head = null;
      tail = null;
      for (let next = waiting; next; ) {
        const submission: Submission = next;
        next = submission.next;
        if (nowMs - submission.sinceMs > timeoutMs)
          settle(submission, submission.taken === 0 ? 'overloaded' : 'durability_unknown');
        if (submission.settled) forget(submission);
        else push(submission);
      }
      if (!head && inFlight.length === 0) tellDrained();
    },
    drained() {
      if (!head && inFlight.length === 0) return Promise.resolve();
      return new Promise((resolve) => onDrained.push(resolve));
    },
  };
}

/** Nearly every group is of one month. */
function addMonth(months: number[], month: number): void {
  if (months[0] !== month && !months.includes(month)) months.push(month);
}
