/** Looks at a round once a second: memory of each stage, and the backlog where the server tells it. */

import { sampleStageRss } from './process-cpu.ts';
import type { Round, Sample, Stage } from './result.ts';
import type { Backlog, StageRoot } from './subject.ts';

export interface Sampled {
  readonly series: readonly Sample[];
  readonly rssBytesMax: Round['rssBytesMax'];
}

export interface Sampler {
  /** Takes a last look. Called again: the same. */
  stop(): Promise<Sampled>;
}

export interface SamplerOptions {
  readonly roots: readonly StageRoot[];
  /** Null: the backlog is not asked for, which costs the server some CPU. */
  readonly observe: (() => Promise<Backlog>) | null;
  /** Acknowledged so far in the round. */
  requestsSoFar(): number;
}

const everyMs = 1_000;
const nothing: Backlog = { usagesStored: 0, records: 0, oldestS: 0, lagBuckets: [] };

/** Where the server does not tell its backlog in time, the one before stands: rows are counted by other means. */
export function startSampler({ roots, observe, requestsSoFar }: SamplerOptions): Sampler {
  const startedAt = performance.now();
  const series: Sample[] = [];
  const rssBytesMax: Partial<Record<Stage, number>> = {};
  let requestsBefore = 0;
  let backlog = nothing;
  let storedAtFirst: number | null = null;
  let stopped: Promise<Sampled> | null = null;
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    const atS = (performance.now() - startedAt) / 1_000;
    const rssBytes = await sampleStageRss(roots);
    for (const [stage, bytes] of Object.entries(rssBytes) as [Stage, number][])
      rssBytesMax[stage] = Math.max(rssBytesMax[stage] ?? 0, bytes);
    backlog = (await observe?.().catch(() => null)) ?? backlog;
    storedAtFirst ??= backlog.usagesStored;
    const requests = requestsSoFar();
    series.push({
      atS,
      requests: requests - requestsBefore,
      usagesStored: backlog.usagesStored - storedAtFirst,
      backlogRecords: backlog.records,
      rssBytes,
    });
    requestsBefore = requests;
  }

  const timer = setInterval(() => {
    looking = looking.then(look);
  }, everyMs);

  async function stop(): Promise<Sampled> {
    clearInterval(timer);
    await looking;
    await look();
    return { series, rssBytesMax };
  }

  return { stop: () => (stopped ??= stop()) };
}
