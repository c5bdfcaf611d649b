/** Counts the answers of one run of a generator. */

import { performance } from 'node:perf_hooks';
import { LatencyHistogram } from './latency-histogram.ts';
import type { LoadResult } from './plan.ts';
import { watchUndisturbed } from './undisturbed.ts';

export interface Tally {
  /** Acknowledged so far. */
  readonly requests: number;
  /** Answered, or failed, so far. */
  readonly ended: number;
  /** @param latencyMs from when the request was due to the end of its answer, which was at `nowMs` */
  answer(status: number, latencyMs: number, nowMs: number): void;
  failure(what: string): void;
  /** It was due so long ago, and was not sent. */
  unsent(waitedMs: number): void;
  sentLate(ms: number): void;
  /** Called at the end. */
  result(): LoadResult;
  /** Lets go of what it watches; `result` did. */
  stop(): void;
}

/** @param options.watchesHost tells latencies of undisturbed moments apart, at ten looks a second at the machine's account */
export function createTally(options: { watchesHost: boolean }): Tally {
  const startedAt = performance.now();
  const latency = new LatencyHistogram();
  const late = new LatencyHistogram();
  const undisturbed = options.watchesHost ? watchUndisturbed() : null;
  let lastAt = startedAt;
  let requests = 0;
  let shed = 0;
  let errors = 0;
  let unsent = 0;
  let firstError: string | null = null;

  function failure(what: string): void {
    errors++;
    firstError ??= what;
    lastAt = performance.now();
  }

  return {
    get requests() {
      return requests;
    },
    get ended() {
      return requests + shed + errors;
    },
    answer(status, latencyMs, nowMs) {
      if (status === 503 || status === 429) shed++;
      else if (status !== 200 && status !== 201) return failure(`status ${status}`);
      else {
        requests++;
        latency.record(latencyMs);
        undisturbed?.answer(latencyMs);
      }
      lastAt = nowMs;
    },
    failure,
    unsent(waitedMs) {
      unsent++;
      latency.record(waitedMs);
    },
    sentLate: (ms) => late.record(ms),
    result: () => ({
      durationS: (lastAt - startedAt) / 1_000,
      requests,
      shed,
      errors,
      unsent,
      firstError,
      latencyMs: latency.latency(),
      sentLateMs: late.latency(),
      undisturbed: undisturbed?.stop() ?? null,
    }),
    stop: () => void undisturbed?.stop(),
  };
}
