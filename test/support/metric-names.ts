/** Which metric names a query uses, and which of them nobody makes. */

import { metricTable } from '../../src/observability/metrics.ts';

/** Named by the design and made only where the log is Kafka. */
export const kafkaMetricNames: readonly string[] = [
  'usage_kafka_up',
  'usage_kafka_weak',
  'usage_spooled_total',
  'usage_relayed_total',
];

/** Words of PromQL, and labels, that look like names. */
const words = new Set(
  `by without on ignoring group_left group_right offset and or unless bool sum avg min max count topk
   rate increase irate deriv clamp_min clamp_max absent vector histogram_quantile avg_over_time min_over_time
   max_over_time time scalar label_values label_replace sort_desc
   job instance log role worker status code reason le up`.split(/\s+/),
);

/** Every series that the server exposes, a histogram's three included. */
export function ownSeriesNames(): Set<string> {
  const names = new Set<string>(kafkaMetricNames);
  for (const [name, { kind }] of Object.entries(metricTable)) {
    if (kind === 'histogram') for (const part of ['bucket', 'sum', 'count']) names.add(`${name}_${part}`);
    else names.add(name);
  }
  return names;
}

/** Names in a query that are neither ours, nor `known`, nor PromQL's. */
export function foreignMetricNames(query: string, known: ReadonlySet<string> = new Set()): string[] {
  const bare = query
    .replace(/^\s*#.*$/gm, '')
    .replace(/"[^"]*"/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b\d+(\.\d+)?([smhdw])?\b/g, '');
  const own = ownSeriesNames();
  const names = bare.match(/(?<![$\w:])[a-zA-Z_][\w:]*/g) ?? [];
  return [...new Set(names)].filter((name) => !words.has(name) && !known.has(name) && !own.has(name));
}
