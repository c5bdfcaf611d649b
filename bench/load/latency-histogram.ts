/** Latencies in bounded memory, to three digits. */

import { build, type Histogram } from 'hdr-histogram-js';
import type { Latency } from '../result.ts';

/** Longer than any answer is waited for, microseconds. */
const latencyUsMax = 3_600_000_000;

export class LatencyHistogram {
  readonly #us: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: latencyUsMax,
    numberOfSignificantValueDigits: 3,
  });

  record(ms: number): void {
    this.#us.recordValue(Math.min(latencyUsMax, Math.max(1, Math.round(ms * 1_000))));
  }

  /** Null where nothing was recorded. */
  latency(): Latency | null {
    if (this.#us.totalCount === 0) return null;
    const at = (percentile: number) => this.#us.getValueAtPercentile(percentile) / 1_000;
    return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: this.#us.maxValue / 1_000 };
  }
}
