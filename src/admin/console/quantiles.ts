/** Percentiles out of a histogram's buckets, pure. */

export interface Bucket {
  /** Its upper bound; the last one's is infinite. */
  readonly le: number;
  /** How many lie at or below the bound. */
  readonly count: number;
}

/**
 * The value below which the share `quantile` (0 to 1) lies, taken as spread evenly within a bucket, as
 * Prometheus' histogram_quantile takes it; beyond the last finite bound it is that bound. Null where nothing was
 * counted.
 */
export function quantileOf(buckets: readonly Bucket[], quantile: number): number | null {
  const sorted = [...buckets].sort((a, b) => a.le - b.le);
  const total = sorted.at(-1)?.count ?? 0;
  if (!(total > 0)) return null;
  const rank = quantile * total;
  let from: Bucket = { le: 0, count: 0 };
  for (const bucket of sorted) {
    if (bucket.count >= rank && bucket.count > from.count) {
      if (!Number.isFinite(bucket.le)) return from.le;
      return from.le + ((bucket.le - from.le) * (rank - from.count)) / (bucket.count - from.count);
    }
    from = bucket;
  }
  return from.le;
}

/** The share that lies at or below `bound`, which must be a bucket's; null where nothing was counted. */
export function shareWithin(buckets: readonly Bucket[], bound: number): number | null {
  const total = Math.max(0, ...buckets.map(({ count }) => count));
  const within = buckets.find(({ le }) => le === bound);
  return total > 0 && within ? within.count / total : null;
}
