/** How fast one process counts, from two of its snapshots, pure. */

import { cumulativeOf, seriesKey } from './merge.ts';
import type { MetricSnapshot } from './metrics.ts';

/**
 * Counters and histograms as what they grew by in a second. Both snapshots are of one process, so nothing goes
 * back; a series that was not there before grew from 0.
 * @param seconds between the two; where it is not above 0 there is no rate, and nothing is given
 */
export function ratesBetween(before: MetricSnapshot, after: MetricSnapshot, seconds: number): MetricSnapshot {
  if (!(seconds > 0)) return [];
  const valuesBefore = new Map(before.map((metric) => [metric.name, valuesByKey(metric)]));
  return cumulativeOf(after).map((metric) => {
    const known = valuesBefore.get(metric.name);
    const values = metric.values.map((value) => ({
      ...value,
      value: (value.value - (known?.get(seriesKey(value)) ?? 0)) / seconds,
    }));
    return { ...metric, values };
  });
}

function valuesByKey(metric: MetricSnapshot[number]): Map<string, number> {
  return new Map(metric.values.map((value) => [seriesKey(value), value.value]));
}
