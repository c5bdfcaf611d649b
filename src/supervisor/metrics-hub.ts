/** The instance's metrics: what living processes pushed last, and what dead ones left. A scrape asks nobody. */

import { cumulativeOf, mergedText, mergeSnapshots } from '../observability/merge.ts';
import type { MetricName, MetricSnapshot } from '../observability/metrics.ts';
import { ratesBetween } from '../observability/rates.ts';

export interface MetricsHub {
  /** `process` is any key that names one process for its life. */
  push(process: object, snapshot: MetricSnapshot): void;
  /** The process ended: its counters stay in the sum, its gauges go. */
  retire(process: object): void;
  /** The Prometheus text of all processes and of the supervisor's own metrics. */
  text(own: MetricSnapshot): Promise<string>;
  /** What `text` tells, of these metrics alone. */
  totals(names: ReadonlySet<MetricName>): Promise<MetricSnapshot>;
  /**
   * How much these counters and histograms grow in a second, all processes together: of each, between its last
   * two pushes, since pushes of different processes come at different times. What is silent counts for nothing.
   */
  rates(names: ReadonlySet<MetricName>): Promise<MetricSnapshot>;
}

interface Push {
  readonly snapshot: MetricSnapshot;
  /** Of the monotonic clock. */
  readonly atMs: number;
}

/** Pushes come once a second; past this what a process did last is not what it does now. */
const silentMs = 5_000;
const retiredMax = 16;

export function createMetricsHub(): MetricsHub {
  const living = new Map<object, { last: Push; before: Push | null }>();
  /** Of the dead; many are made one now and then. */
  let retired: MetricSnapshot[] = [];
  let folding = false;
  const all = () => [...retired, ...[...living.values()].map(({ last }) => last.snapshot)];

  /** At no moment is a dead process missing or there twice. */
  async function foldRetired(): Promise<void> {
    if (folding || retired.length < retiredMax) return;
    folding = true;
    const some = retired;
    const one = await mergeSnapshots(some).finally(() => {
      folding = false;
    });
    retired = [one, ...retired.slice(some.length)];
  }

  return {
    push(process, snapshot) {
      const last = { snapshot, atMs: performance.now() };
      living.set(process, { last, before: living.get(process)?.last ?? null });
    },
    retire(process) {
      const known = living.get(process);
      if (!known) return;
      living.delete(process);
      retired = [...retired, cumulativeOf(known.last.snapshot)];
      void foldRetired();
    },
    text: (own) => mergedText([own, ...all()]),
    totals: (names) => mergeSnapshots(all().map((snapshot) => only(names, snapshot))),
    rates(names) {
      const nowMs = performance.now();
      const paces: MetricSnapshot[] = [];
      for (const { last, before } of living.values()) {
        if (!before || nowMs - last.atMs > silentMs) continue;
        const seconds = (last.atMs - before.atMs) / 1_000;
        paces.push(ratesBetween(only(names, before.snapshot), only(names, last.snapshot), seconds));
      }
      return mergeSnapshots(paces);
    },
  };
}

function only(names: ReadonlySet<string>, snapshot: MetricSnapshot): MetricSnapshot {
  return snapshot.filter(({ name }) => names.has(name));
}
