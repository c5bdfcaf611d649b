/**
 * Latencies of a long run, part by part: one figure for a whole minute says nothing of its spread, and one bad second
 * of the machine is all of its p99.
 */

import type { Latency } from '../result.ts';
import { LatencyHistogram } from './latency-histogram.ts';

const windowSecondsMin = 10;
/** A soak of hours has longer ones. */
const windowsMax = 60;

export interface LatencyWindows {
  /** Of a request that was due so long after the run's begin. */
  record(dueAfterMs: number, latencyMs: number): void;
  /** One after the other; null where one of them has no request that was answered. */
  latencies(): Latency[] | null;
}

/** Null where the run is too short for two. A request belongs to the window in which it was due. */
export function createLatencyWindows(seconds: number): LatencyWindows | null {
  const count = Math.min(windowsMax, Math.floor(seconds / windowSecondsMin));
  if (count < 2) return null;
  const windowMs = (seconds * 1_000) / count;
  const histograms = Array.from({ length: count }, () => new LatencyHistogram());
  return {
    record(dueAfterMs, latencyMs) {
      const window = Math.min(count - 1, Math.max(0, Math.floor(dueAfterMs / windowMs)));
      histograms[window]!.record(latencyMs);
    },
    latencies() {
      const all = histograms.map((histogram) => histogram.latency());
      return all.every((latency) => latency !== null) ? all : null;
    },
  };
}
