/**
 * The front's metrics. What happens once a request is counted in plain numbers and folded into the registry when
 * that is read: an `observe` a request would cost as much as validating it.
 */

import type { Histogram, Registry } from 'prom-client';
import type { LogKind } from '../log/log.ts';
import { createMetrics, metricTable } from '../observability/metrics.ts';

export interface FrontMetrics {
  readonly registry: Registry;
  answered(statusCode: number, durationMs: number): void;
  /** A client has gone before its answer. */
  abandoned(): void;
  durable(usages: number): void;
  refused(code: string): void;
  shed(reason: string): void;
  /** An append was acknowledged by `log`. */
  appended(usages: number, durationMs: number, log: LogKind): void;
}

interface StatusCounts {
  readonly status: string;
  /** Not cumulative; the last is what is beyond every bucket. */
  readonly buckets: number[];
  sumSeconds: number;
  count: number;
  /** How many of them the counter has. */
  told: number;
}

interface Collectable {
  collect?: () => void;
}

const { buckets: bounds, help } = metricTable.usage_http_request_duration_seconds;
const durationsHead = {
  name: 'usage_http_request_duration_seconds',
  help,
  type: 'histogram',
  aggregator: 'sum',
} as const;

export function createFrontMetrics(options: { worker: number; waitingBytes(): number }): FrontMetrics {
  const { registry, metric } = createMetrics([
    'usage_http_requests_total',
    'usage_http_abandoned_total',
    'usage_accepted_total',
    'usage_rejected_total',
    'usage_shed_total',
    'usage_append_duration_seconds',
    'usage_append_usages',
    'usage_front_waiting_bytes',
  ]);
  const byStatus: (StatusCounts | undefined)[] = [];
  const refusedByCode = new Map<string, number>();
  let durableUsages = 0;
  const appendsOf = (log: LogKind) => ({
    duration: metric.usage_append_duration_seconds.labels(log),
    usages: metric.usage_append_usages.labels(log),
  });
  const appends = { local: appendsOf('local'), kafka: appendsOf('kafka') };

  // A registry asks a metric for `get` alone; those that prom-client's own aggregation makes have no more either.
  const durations = {
    ...durationsHead,
    get: async () => ({
      ...durationsHead,
      values: byStatus.flatMap((counts) => (counts ? durationSamples(counts) : [])),
    }),
  };
  registry.registerMetric(durations as unknown as Histogram);

  function countRequests(): void {
    for (const counts of byStatus) {
      if (!counts) continue;
      metric.usage_http_requests_total.inc({ status: counts.status }, counts.count - counts.told);
      counts.told = counts.count;
    }
  }

  const onCollect = (collectable: object, collect: () => void) => {
    (collectable as Collectable).collect = collect;
  };
  onCollect(metric.usage_http_requests_total, countRequests);
  onCollect(metric.usage_accepted_total, () => {
    metric.usage_accepted_total.inc(durableUsages);
    durableUsages = 0;
  });
  onCollect(metric.usage_rejected_total, () => {
    for (const [code, count] of refusedByCode) metric.usage_rejected_total.inc({ code }, count);
    refusedByCode.clear();
  });
  onCollect(metric.usage_front_waiting_bytes, () =>
    metric.usage_front_waiting_bytes.set(
      { role: 'front', worker: String(options.worker) },
      options.waitingBytes(),
    ),
  );

  return {
    registry,
    answered(statusCode, durationMs) {
      let counts = byStatus[statusCode];
      if (!counts) {
        counts = {
          status: String(statusCode),
          buckets: new Array(bounds.length + 1).fill(0),
          sumSeconds: 0,
          count: 0,
          told: 0,
        };
        byStatus[statusCode] = counts;
      }
      const seconds = durationMs / 1000;
      let bucket = 0;
      while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++;
      counts.buckets[bucket]!++;
      counts.sumSeconds += seconds;
      counts.count++;
    },
    abandoned() {
      metric.usage_http_abandoned_total.inc();
    },
    durable(usages) {
      durableUsages += usages;
    },
    refused(code) {
      refusedByCode.set(code, (refusedByCode.get(code) ?? 0) + 1);
    },
    shed(reason) {
      metric.usage_shed_total.inc({ reason });
    },
    appended(usages, durationMs, log) {
      appends[log].duration.observe(durationMs / 1000);
      appends[log].usages.observe(usages);
    },
  };
}

/** The histogram's samples of one status, as prom-client gives its own. */
function durationSamples({ status, buckets, sumSeconds, count }: StatusCounts) {
  const { name } = durationsHead;
  let below = 0;
  const cumulative = [...bounds, '+Inf'].map((le, index) => {
    below += buckets[index]!;
    return { metricName: `${name}_bucket`, labels: { le, status }, value: below };
  });
  return [
    ...cumulative,
    { metricName: `${name}_sum`, labels: { status }, value: sumSeconds },
    { metricName: `${name}_count`, labels: { status }, value: count },
  ];
}
