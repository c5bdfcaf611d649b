/** Looks values up in a merged snapshot of metrics. A metric or series that is not there counts as not told: null. */

import type { MetricName, MetricSnapshot } from '../../observability/metrics.ts';
import type { Bucket } from './quantiles.ts';

export interface Series {
  /** The sum over all label sets that match; null where there is none. */
  sum(name: MetricName, labels?: Readonly<Record<string, string>>): number | null;
  /** The sums by the values of one label. */
  by(name: MetricName, label: string): Record<string, number>;
  /** A histogram's buckets, added up over the label sets that match. */
  buckets(name: MetricName, matches?: (labels: Readonly<Record<string, string>>) => boolean): Bucket[];
}

interface Value {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly metricName?: string;
}

export function seriesOf(snapshot: MetricSnapshot): Series {
  const metrics = new Map(snapshot.map((metric) => [metric.name, metric.values as unknown as Value[]]));
  const valuesOf = (name: MetricName) => metrics.get(name) ?? [];
  return {
    sum(name, labels = {}) {
      const wanted = Object.entries(labels);
      const found = valuesOf(name).filter((value) =>
        wanted.every(([label, text]) => String(value.labels[label]) === text),
      );
      return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
    },
    by(name, label) {
      const sums: Record<string, number> = {};
      for (const { labels, value } of valuesOf(name)) {
        const key = String(labels[label]);
        sums[key] = (sums[key] ?? 0) + value;
      }
      return sums;
    },
    buckets(name, matches = () => true) {
      const counts = new Map<number, number>();
      for (const { metricName, labels, value } of valuesOf(name)) {
        if (metricName !== `${name}_bucket` || !matches(labels)) continue;
        const le = boundOf(labels.le);
        counts.set(le, (counts.get(le) ?? 0) + value);
      }
      return [...counts].map(([le, count]) => ({ le, count }));
    },
  };
}

/** prom-client gives numbers, and the text of the last; over an IPC channel both stay as they are. */
function boundOf(le: unknown): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
}
