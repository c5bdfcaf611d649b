/**
 * CPU of process trees, from /proc: Linux alone accounts for processes that are not ours to instrument (Postgres'
 * backends, a broker) without a tool of its own.
 *
 * Of one process there are two accounts, and the difference of two samples takes the better one:
 * - /proc/<pid>/task/<tid>/schedstat: nanoseconds on a CPU of each thread that lives now; a thread that ended is missing.
 * - /proc/<pid>/stat: user and system time of all its threads, ended ones too, in ticks of 10 ms, each cut off.
 * Where the threads' own account is within what the cutting explains, no thread ended between, and it is exact; else the
 * ticks are, to two of them.
 *
 * A child that ended and was waited for is in its parent's `cutime` and `cstime`: a Postgres backend that comes and
 * goes between two samples is counted in the postmaster, and one that was counted alive before moves over there.
 */

import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { childrenByParent } from '../harness/process-tree.ts';
import { processStat } from '../src/system/live-process.ts';
import type { Stage } from './result.ts';
import type { StageRoot } from './subject.ts';

/** USER_HZ: what /proc/<pid>/stat counts in on every Linux that Node runs on. */
export const tickUs = 10_000;
/** User and system time, each cut off. */
const cutTicksMax = 2;

/** Microseconds. */
export type StageCpu = Partial<Record<Stage, number>>;

/** Bytes. */
type StageRss = Partial<Record<Stage, number>>;

/** The processes of a stage at some moment. */
export interface StagePids {
  readonly stage: Stage;
  readonly pids: readonly number[];
}

/** What one process says of itself since it began, microseconds. */
interface ProcessSample {
  readonly pid: number;
  readonly threadsUs: ReadonlyMap<string, number>;
  readonly ticksUs: number;
  /** Of children that ended and were waited for, and theirs. */
  readonly reapedUs: number;
}

/** Accounts of all processes of all stages; two of them make a difference. */
export type CpuSample = readonly { readonly stage: Stage; readonly processes: readonly ProcessSample[] }[];

/** @throws Error where this is not Linux */
export function requireProcessAccounting(): void {
  if (process.platform !== 'linux')
    throw new Error('the benchmark measures CPU from /proc and so runs on Linux alone');
}

/** @throws Error where a root has ended: a server that died is no measurement */
export async function sampleStageCpu(roots: readonly StageRoot[]): Promise<CpuSample> {
  return stageProcesses(roots);
}

/** CPU microseconds, user and system, that each stage took between two samples of the same roots. */
export function stageCpuBetween(before: CpuSample, after: CpuSample): StageCpu {
  const cpu: StageCpu = {};
  const known = new Map(before.flatMap(({ processes }) => processes).map((sample) => [sample.pid, sample]));
  for (const { stage, processes } of after) {
    for (const sample of processes) {
      cpu[stage] = (cpu[stage] ?? 0) + ownBetween(known.get(sample.pid), sample);
      known.delete(sample.pid);
    }
  }
  // What ended meanwhile is in its parent's account as a whole: what it took before is not of this time.
  for (const { stage, processes } of before)
    for (const sample of processes)
      if (known.has(sample.pid)) cpu[stage] = (cpu[stage] ?? 0) - ownBetween(undefined, sample);
  for (const [stage, us] of Object.entries(cpu) as [Stage, number][])
    cpu[stage] = Math.max(0, Math.round(us));
  return cpu;
}

function ownBetween(before: ProcessSample | undefined, after: ProcessSample): number {
  let threadsUs = 0;
  for (const [thread, us] of after.threadsUs) threadsUs += us - (before?.threadsUs.get(thread) ?? 0);
  const ticksUs = after.ticksUs - (before?.ticksUs ?? 0);
  const reapedUs = after.reapedUs - (before?.reapedUs ?? 0);
  return reapedUs + (threadsUs >= ticksUs - cutTicksMax * tickUs ? threadsUs : ticksUs);
}

/** Resident bytes of the largest process of each stage. */
export async function sampleStageRss(roots: readonly StageRoot[]): Promise<StageRss> {
  return stageRss(await stagePids(roots));
}

/** The same of processes that were listed before. Synchronous: a millisecond, where promises would take twenty. */
export function stageRss(stages: readonly StagePids[]): StageRss {
  const rss: StageRss = {};
  for (const { stage, pids } of stages)
    for (const pid of pids) rss[stage] = Math.max(rss[stage] ?? 0, residentBytes(pid));
  return rss;
}

/** A process that ends between the listing and its sample is listed and sampled anew, in its parent's account. */
const triesMax = 5;

async function stageProcesses(
  roots: readonly StageRoot[],
): Promise<{ stage: Stage; processes: ProcessSample[] }[]> {
  for (let tries = 1; ; tries++) {
    const stages = await Promise.all(
      (await stagePids(roots)).map(async ({ stage, pids }) => {
        const samples = await Promise.all(pids.map(sampleProcess));
        if (samples[0] === null) throw new Error(`the ${stage} process ${pids[0]} has ended`);
        const processes = samples.filter((sample) => sample !== null);
        return { stage, processes, complete: processes.length === pids.length };
      }),
    );
    if (tries === triesMax || stages.every(({ complete }) => complete)) return stages;
  }
}

/** Each root with all processes below it, without those of another root; the root comes first. */
export async function stagePids(roots: readonly StageRoot[]): Promise<StagePids[]> {
  requireProcessAccounting();
  const children = await childrenByParent();
  const rootPids = new Set(roots.map(({ pid }) => pid));
  return roots.map(({ stage, pid }) => {
    const pids = [pid];
    for (const above of pids)
      pids.push(...(children.get(above) ?? []).filter((child) => !rootPids.has(child)));
    return { stage, pids };
  });
}

/** Null where it has ended. */
async function sampleProcess(pid: number): Promise<ProcessSample | null> {
  const fields = await processStat(pid);
  if (fields === null) return null;
  const [utime, stime, cutime, cstime] = [11, 12, 13, 14].map((at) => Number(fields[at])) as [
    number,
    number,
    number,
    number,
  ];
  return {
    pid,
    threadsUs: await liveThreadsUs(pid),
    ticksUs: (utime + stime) * tickUs,
    reapedUs: (cutime + cstime) * tickUs,
  };
}

async function liveThreadsUs(pid: number): Promise<Map<string, number>> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const us = await Promise.all(
    threads.map(async (thread): Promise<[string, number]> => {
      const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0');
      return [thread, Number.parseInt(text, 10) / 1_000];
    }),
  );
  return new Map(us);
}

/** 0 where it has ended. */
function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}
