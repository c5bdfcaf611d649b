/** What the server's /metrics tell of its backlog. */

import { sampleSum } from '../harness/metric-samples.ts';
import type { Backlog } from './subject.ts';

/** @param text Prometheus' text format */
export function parseBacklog(text: string): Backlog & { readonly usagesRepeated: number } {
  return {
    usagesStored: sampleSum(text, 'usage_stored_total'),
    usagesRepeated: sampleSum(text, 'usage_duplicate_total'),
    records: sampleSum(text, 'usage_log_backlog_records'),
    oldestS: sampleSum(text, 'usage_log_oldest_seconds'),
    lagBuckets: lagBuckets(text),
  };
}

/** Over all logs, ascending. */
function lagBuckets(text: string): { upToS: number; count: number }[] {
  const counts = new Map<number, number>();
  for (const [, bound, count] of text.matchAll(
    /^usage_ingest_lag_seconds_bucket\{.*?le="([^"]+)".*?\} (\d+)$/gm,
  )) {
    const upToS = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
    counts.set(upToS, (counts.get(upToS) ?? 0) + Number(count));
  }
  return [...counts].map(([upToS, count]) => ({ upToS, count })).sort((a, b) => a.upToS - b.upToS);
}

/**
 * What the highest lag of the records stored between two looks was at most, seconds: the bound of the highest bucket
 * that grew. Null where nothing was stored.
 */
export function highestLagS(before: Backlog, after: Backlog): number | null {
  let below = 0;
  let highest: number | null = null;
  for (const [index, { upToS, count }] of after.lagBuckets.entries()) {
    const added = count - (before.lagBuckets[index]?.count ?? 0);
    if (added > below) highest = upToS;
    below = added;
  }
  return highest;
}
