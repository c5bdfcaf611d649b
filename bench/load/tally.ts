/** Counts the answers of one run of a generator. */

import { performance } from 'node:perf_hooks';
import { LatencyHistogram } from './latency-histogram.ts';
import { createLatencyWindows } from './latency-windows.ts';
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

/**
 * @param openSeconds of a run whose requests are due at fixed times: latencies are told by parts of it too, and those of
 * undisturbed moments apart, at ten looks a second at the machine's account; null of any other run
 */
export function createTally(openSeconds: number | null): Tally {
  const startedAt = performance.now();
  const latency = new LatencyHistogram();
  const late = new LatencyHistogram();
  const undisturbed = openSeconds === null ? null : watchUndisturbed();
  const windows = openSeconds === null ? null : createLatencyWindows(openSeconds);
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

  function record(latencyMs: number, nowMs: number): void {
    latency.record(latencyMs);
    windows?.record(nowMs - latencyMs - startedAt, latencyMs);
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
        record(latencyMs, nowMs);
        undisturbed?.answer(latencyMs);
      }
      lastAt = nowMs;
    },
    failure,
    unsent(waitedMs) {
      unsent++;
      record(waitedMs, performance.now());
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
      windows: windows?.latencies() ?? null,
      undisturbed: undisturbed?.stop() ?? null,
    }),
    stop: () => void undisturbed?.stop(),
  };
}
