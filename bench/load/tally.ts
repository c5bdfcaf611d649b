/** Counts the answers of one run of a generator. */

import { performance } from 'node:perf_hooks';
import { build, type Histogram } from 'hdr-histogram-js';
import type { Latency } from '../result.ts';
import type { LoadResult } from './plan.ts';

/** Longer than any answer is waited for, microseconds. */
const latencyUsMax = 3_600_000_000;

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
  result(): LoadResult;
}

export function createTally(): Tally {
  const startedAt = performance.now();
  const latency = createHistogram();
  const late = createHistogram();
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
        record(latency, latencyMs);
      }
      lastAt = nowMs;
    },
    failure,
    unsent(waitedMs) {
      unsent++;
      record(latency, waitedMs);
    },
    sentLate: (ms) => record(late, ms),
    result: () => ({
      durationS: (lastAt - startedAt) / 1_000,
      requests,
      shed,
      errors,
      unsent,
      firstError,
      latencyMs: latencyOf(latency),
      sentLateMs: latencyOf(late),
    }),
  };
}

/** Of microseconds, to three digits. */
function createHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: latencyUsMax,
    numberOfSignificantValueDigits: 3,
  });
}

function record(histogram: Histogram, ms: number): void {
  histogram.recordValue(Math.min(latencyUsMax, Math.max(1, Math.round(ms * 1_000))));
}

function latencyOf(histogram: Histogram): Latency | null {
  if (histogram.totalCount === 0) return null;
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1_000;
  return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: histogram.maxValue / 1_000 };
}
