/** One round of a subject under load: everything that `Round` holds, measured. */

import { highestLagS } from './backlog-metrics.ts';
import type { Load } from './load/load.ts';
import { usagesPerRequest } from './load/payload.ts';
import type { LoadPlan, LoadResult } from './load/plan.ts';
import { sampleStageCpu, stageCpuBetween } from './process-cpu.ts';
import type { Round } from './result.ts';
import { startSampler } from './sampler.ts';
import type { Subject } from './subject.ts';

/** A subject that serves. */
export interface Driven {
  readonly subject: Subject;
  readonly url: string;
  /** Usages acknowledged since `forget`. */
  acknowledged: number;
  /** Rows found when they were counted last. */
  rows: number | null;
  /** Seconds under load since it was started: how warm it is. */
  loadedS: number;
}

export interface DriveOptions {
  readonly driven: Driven;
  readonly load: Load;
  readonly plan: Omit<LoadPlan, 'url'>;
  /** Its backlog is asked for once a second, which costs the server some CPU. */
  readonly followsBacklog: boolean;
}

/** Lets go of what was stored before. */
export async function forget(driven: Driven): Promise<void> {
  await driven.subject.forget();
  driven.acknowledged = 0;
  driven.rows = await driven.subject.countRows();
}

/**
 * CPU counts until everything acknowledged is stored, and not for counting it.
 * @throws Error where the server died, or never stores what it acknowledged
 */
export async function driveRound({ driven, load, plan, followsBacklog }: DriveOptions): Promise<Round> {
  const { subject, url } = driven;
  const roots = [...(await subject.stageRoots()), { stage: 'load', pid: load.pid } as const];
  const backlogBefore = await subject.observe?.();
  const before = await sampleStageCpu(roots);
  const sampler = startSampler({
    roots,
    observe: followsBacklog && subject.observe ? () => subject.observe!() : null,
    requestsSoFar: () => load.requestsSoFar,
  });
  try {
    const result = await load.run({ ...plan, url });
    const answeredAtMs = Date.now();
    driven.loadedS += result.durationS;
    const usages = result.requests * usagesPerRequest(plan.form);
    driven.acknowledged += usages;
    const storedAtMs = await subject.settle(driven.acknowledged);
    const cpuUs = stageCpuBetween(before, await sampleStageCpu(roots));
    const { series, rssBytesMax } = await sampler.stop();
    const backlogAfter = await subject.observe?.();
    return {
      ...counts(result, usagesPerRequest(plan.form)),
      usages,
      ...(await countRows(driven, usages)),
      cpuUs,
      rssBytesMax,
      lagSMax: backlogBefore && backlogAfter ? highestLagS(backlogBefore, backlogAfter) : null,
      drainedAfterS: storedAtMs === null ? null : Math.max(0, storedAtMs - answeredAtMs) / 1_000,
      series,
    };
  } finally {
    await sampler.stop();
  }
}

function counts(result: LoadResult, perRequest: number) {
  const { durationS, requests, shed, errors, firstError, unsent } = result;
  const { latencyMs, sentLateMs, windows, undisturbed } = result;
  const unknown = shed + errors;
  return {
    durationS,
    requests,
    shed,
    errors,
    latencyMs,
    ...(unknown > 0 ? { usagesUnknown: unknown * perRequest } : {}),
    ...(firstError === null ? {} : { firstError }),
    ...(unsent > 0 ? { unsent } : {}),
    ...(sentLateMs ? { sentLateMs } : {}),
    ...(windows ? { latencyWindows: windows } : {}),
    ...(undisturbed ? { undisturbed } : {}),
  };
}

async function countRows(driven: Driven, usages: number): Promise<Pick<Round, 'rowsFound' | 'rowsExpected'>> {
  const rowsBefore = driven.rows;
  driven.rows = await driven.subject.countRows();
  if (driven.rows === null || rowsBefore === null) return { rowsFound: null, rowsExpected: null };
  return { rowsFound: driven.rows - rowsBefore, rowsExpected: usages };
}
