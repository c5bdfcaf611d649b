/**
 * Admission: whether a request may begin to cost something. It is asked before a body is read or parsed, so that
 * saying no stays cheap however much arrives. API keys and rate limits (401, 403, 429) belong into `refusal`, before
 * the bounds: one step that sees the head of every POST, and nothing of its body.
 *
 * Bytes count from when they are held until they are let go of: bodies that arrive or are being inflated, rows that wait
 * or are being appended, results that a client has not read yet. What is not counted is bounded otherwise: one
 * body being parsed, two being inflated, and what the sockets' own buffers hold.
 */

/**
 * A clock before this is wrong, since this release did not exist then (a board without a battery starts in 1970).
 * Such a front would refuse usages for lying in the future, for good: so it is not ready, and answers 503 instead.
 */
export const releasedAtMs = Date.UTC(2026, 10, 1);

/** Why a request is not taken; codes of `httpProblems`. */
export type Refusal = 'keys_unavailable' | 'overloaded' | 'log_unavailable' | 'clock_wrong';

export interface Admission {
  readonly waitingBytes: number;
  hold(bytes: number): void;
  release(bytes: number): void;
  /** Null: taken. `bytes` is what the request declares to bring; `nowMs` is of the monotonic clock. */
  refusal(bytes: number, nowMs: number): Refusal | null;
  /** Whether what is held now is over its bound: asked while a body grows. */
  readonly isOver: boolean;
}

export function createAdmission(options: {
  waitingBytesMax: number;
  waitingMsMax: number;
  /** For how long the oldest row has been waiting to be durable, milliseconds; 0 when none is. */
  oldestWaitingMs(nowMs: number): number;
  /** Null while this front can append. */
  unappendable(): Refusal | null;
}): Admission {
  const { waitingBytesMax, waitingMsMax, oldestWaitingMs, unappendable } = options;
  let waitingBytes = 0;
  return {
    get waitingBytes() {
      return waitingBytes;
    },
    get isOver() {
      return waitingBytes > waitingBytesMax;
    },
    hold(bytes) {
      waitingBytes += bytes;
    },
    release(bytes) {
      waitingBytes -= bytes;
    },
    refusal(bytes, nowMs) {
      const reason = unappendable();
      if (reason !== null) return reason;
      if (waitingBytes + bytes > waitingBytesMax) return 'overloaded';
      return oldestWaitingMs(nowMs) > waitingMsMax ? 'overloaded' : null;
    },
  };
}
