/**
 * Many processes' metrics as one, pure. Counters and histograms add up over processes, also over those that
 * ended: what `cumulativeOf` keeps of a dead process is merged like one more process, so no counter goes back.
 * Gauges are of processes that live; metricTable says for each how they become one.
 */

import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import { type AcrossProcesses, type MetricSnapshot, metricTable } from './metrics.ts';

type Metric = MetricObjectWithValues<MetricValue<string>>;
/** A histogram's values carry the name of their series (`_bucket`, `_sum`, `_count`). */
type Value = MetricValue<string> & { readonly metricName?: string };

/** One snapshot of all; the inputs are left as they are. */
export function mergeSnapshots(snapshots: Iterable<MetricSnapshot>): MetricSnapshot {
  const merged = new Map<string, { metric: Metric; values: Map<string, Value> }>();
  for (const snapshot of snapshots) {
    for (const metric of snapshot) {
      const entry = merged.get(metric.name) ?? { metric, values: new Map<string, Value>() };
      merged.set(metric.name, entry);
      const combine = combinations[ruleOf(metric)];
      for (const value of metric.values as readonly Value[]) {
        // NaN comes as null over the IPC channel: no value yet.
        if (typeof value.value !== 'number' || Number.isNaN(value.value)) continue;
        const series = seriesKey(value);
        const before = entry.values.get(series);
        entry.values.set(series, before ? { ...value, value: combine(before.value, value.value) } : value);
      }
    }
  }
  return [...merged.values()].map(({ metric, values }) => ({ ...metric, values: [...values.values()] }));
}

/** What of a process stays true when it is gone. */
export function cumulativeOf(snapshot: MetricSnapshot): MetricSnapshot {
  return snapshot.filter((metric) => kindOf(metric) !== 'gauge');
}

/** The Prometheus text format, version 0.0.4. */
export function metricsText(snapshot: MetricSnapshot): string {
  const lines: string[] = [];
  for (const metric of [...snapshot].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    lines.push(`# HELP ${metric.name} ${escapeHelp(metric.help)}`, `# TYPE ${metric.name} ${kindOf(metric)}`);
    for (const value of metric.values as readonly Value[]) {
      lines.push(`${value.metricName ?? metric.name}${labelText(value)} ${numberText(value.value)}`);
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

const combinations: Record<AcrossProcesses, (a: number, b: number) => number> = {
  sum: (a, b) => a + b,
  max: Math.max,
  min: Math.min,
};

/** prom-client's types call it an enum; what it gives is the word. */
function kindOf(metric: Metric): string {
  return String(metric.type);
}

function ruleOf(metric: Metric): AcrossProcesses {
  const entry = (metricTable as Record<string, (typeof metricTable)[keyof typeof metricTable] | undefined>)[
    metric.name
  ];
  return entry?.kind === 'gauge' ? entry.across : 'sum';
}

/** Names one series within its metric. */
export function seriesKey(value: Value): string {
  const labels = Object.entries(value.labels).map(([name, label]) => [name, String(label)]);
  labels.sort(([a], [b]) => (a! < b! ? -1 : 1));
  return JSON.stringify([value.metricName ?? '', labels]);
}

function labelText(value: Value): string {
  const labels = Object.entries(value.labels).map(
    ([name, label]) => `${name}="${escapeLabel(String(label))}"`,
  );
  return labels.length === 0 ? '' : `{${labels.join(',')}}`;
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

const escapeHelp = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string) => escapeHelp(text).replaceAll('"', '\\"');
