/** The instance's metrics: what living processes pushed last, and what dead ones left. A scrape asks nobody. */

import { cumulativeOf, mergeSnapshots, metricsText } from '../observability/merge.ts';
import type { MetricSnapshot } from '../observability/metrics.ts';

export interface MetricsHub {
  /** `process` is any key that names one process for its life. */
  push(process: object, snapshot: MetricSnapshot): void;
  /** The process ended: its counters stay in the sum, its gauges go. */
  retire(process: object): void;
  /** The Prometheus text of all processes and of the supervisor's own metrics. */
  text(own: MetricSnapshot): string;
}

export function createMetricsHub(): MetricsHub {
  const living = new Map<object, MetricSnapshot>();
  let retired: MetricSnapshot = [];
  return {
    push: (process, snapshot) => void living.set(process, snapshot),
    retire(process) {
      const last = living.get(process);
      if (!last) return;
      living.delete(process);
      retired = mergeSnapshots([retired, cumulativeOf(last)]);
    },
    text: (own) => metricsText(mergeSnapshots([own, retired, ...living.values()])),
  };
}
