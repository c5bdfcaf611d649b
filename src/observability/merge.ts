/**
 * Many processes' metrics as one, by prom-client's own aggregation. Counters and histograms add up over processes, also
 * over those that ended: what `cumulativeOf` keeps of a dead process is merged like one more process, so no counter goes
 * back. Gauges are of processes that live; metricTable says for each how they become one.
 */

import { AggregatorRegistry, type MetricValue, type PrometheusContentType } from 'prom-client';
import type { MetricSnapshot } from './metrics.ts';

/** One snapshot of all; the inputs are left as they are. */
export function mergeSnapshots(snapshots: Iterable<MetricSnapshot>): Promise<MetricSnapshot> {
  return aggregated(snapshots).getMetricsAsJSON();
}

/** The same in the Prometheus text format, version 0.0.4. */
export function mergedText(snapshots: Iterable<MetricSnapshot>): Promise<string> {
  return aggregated(snapshots).metrics();
}

/** What of a process stays true when it is gone. */
export function cumulativeOf(snapshot: MetricSnapshot): MetricSnapshot {
  // prom-client's types call it an enum; what it gives is the word.
  return snapshot.filter((metric) => String(metric.type) !== 'gauge');
}

/** Names one series within its metric. A histogram's values carry the name of theirs (`_bucket`, `_sum`, `_count`). */
export function seriesKey(value: MetricValue<string> & { readonly metricName?: string }): string {
  const labels = Object.entries(value.labels).map(([name, label]) => [name, String(label)]);
  labels.sort(([a], [b]) => (a! < b! ? -1 : 1));
  return JSON.stringify([value.metricName ?? '', labels]);
}

function aggregated(snapshots: Iterable<MetricSnapshot>) {
  return AggregatorRegistry.aggregate<PrometheusContentType>([...snapshots].map(knownValues));
}

/** NaN, which comes as null over the IPC channel, is no value yet. */
function knownValues(snapshot: MetricSnapshot): MetricSnapshot {
  return snapshot.map((metric) => ({
    ...metric,
    values: metric.values.filter(({ value }) => typeof value === 'number' && !Number.isNaN(value)),
  }));
}
