/**
 * Looks at a round once a second: memory of each stage, and now and then the backlog where the server tells it. What
 * that costs is taken from the cores that are measured: looks that each listed all processes and asked for all metrics
 * took 46 ms of CPU, which showed in the p99 at 16,700/s.
 */

import { type StagePids, stagePids, stageRss } from './process-cpu.ts';
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
/** Of so many looks one lists the processes and asks for the backlog; what began after it is in the next one's. */
const looksAThoroughOne = 5;
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
  let stages: readonly StagePids[] = [];
  let looks = 0;

  async function look(isThorough = looks++ % looksAThoroughOne === 0): Promise<void> {
    const atS = (performance.now() - startedAt) / 1_000;
    if (isThorough) stages = await stagePids(roots);
    const rssBytes = stageRss(stages);
    for (const [stage, bytes] of Object.entries(rssBytes) as [Stage, number][])
      rssBytesMax[stage] = Math.max(rssBytesMax[stage] ?? 0, bytes);
    if (isThorough) backlog = (await observe?.().catch(() => null)) ?? backlog;
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
    looking = looking.then(() => look());
  }, everyMs);

  async function stop(): Promise<Sampled> {
    clearInterval(timer);
    await looking;
    await look(true);
    return { series, rssBytesMax };
  }

  return { stop: () => (stopped ??= stop()) };
}
