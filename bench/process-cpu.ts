/**
 * CPU of process trees, from /proc: Linux alone accounts for processes that are not ours to instrument (Postgres'
 * backends, a broker) without a tool of its own.
 *
 * Of one process there are two accounts, and both are lower bounds of the truth:
 * - /proc/<pid>/task/<tid>/schedstat: nanoseconds on a CPU of each thread that lives now; a thread that ended is missing.
 * - /proc/<pid>/stat: user and system time of all its threads, ended ones too, in ticks of 10 ms, each cut off.
 * The larger one is exact where no thread ended and at most two ticks short where some did.
 *
 * A child that ended and was waited for is in its parent's `cutime` and `cstime`: a Postgres backend that comes and
 * goes between two samples is counted in the postmaster, and one that was counted alive before moves over there.
 */

import { readdir, readFile } from 'node:fs/promises';
import type { Stage } from './result.ts';
import type { StageRoot } from './subject.ts';

/** USER_HZ: what /proc/<pid>/stat counts in on every Linux that Node runs on. */
const tickUs = 10_000;

export type StageCpu = Partial<Record<Stage, number>>;

/** What one process says of itself. */
interface ProcessSample {
  readonly ownUs: number;
  /** Of children that ended and were waited for, and theirs. */
  readonly reapedUs: number;
}

/** @throws Error where this is not Linux */
export function requireProcessAccounting(): void {
  if (process.platform !== 'linux')
    throw new Error('the benchmark measures CPU from /proc and so runs on Linux alone');
}

/**
 * CPU microseconds, user and system, of each stage since its processes began, for a difference between two samples.
 * @throws Error where a root has ended: a server that died is no measurement
 */
export async function sampleStageCpu(roots: readonly StageRoot[]): Promise<StageCpu> {
  const cpu: StageCpu = {};
  for (const { stage, processes } of await stageProcesses(roots))
    cpu[stage] =
      (cpu[stage] ?? 0) + processes.reduce((sum, { ownUs, reapedUs }) => sum + ownUs + reapedUs, 0);
  return cpu;
}

/** What each stage took between two samples; never below 0, where two ticks of an ended thread are missing. */
export function stageCpuBetween(before: StageCpu, after: StageCpu): StageCpu {
  const between: StageCpu = {};
  for (const [stage, us] of Object.entries(after) as [Stage, number][])
    between[stage] = Math.max(0, Math.round(us - (before[stage] ?? 0)));
  return between;
}

/** Resident bytes of the largest process of each stage. */
export async function sampleStageRss(roots: readonly StageRoot[]): Promise<StageCpu> {
  const rss: Partial<Record<Stage, number>> = {};
  for (const { stage, pids } of await stagePids(roots))
    for (const bytes of await Promise.all(pids.map(residentBytes)))
      rss[stage] = Math.max(rss[stage] ?? 0, bytes);
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
async function stagePids(roots: readonly StageRoot[]): Promise<{ stage: Stage; pids: number[] }[]> {
  requireProcessAccounting();
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(names.map((name) => parentOf(Number(name))));
  const children = new Map<number, number[]>();
  for (const [index, parent] of parents.entries()) {
    if (parent === null) continue;
    children.set(parent, [...(children.get(parent) ?? []), Number(names[index])]);
  }
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
  const fields = await statFields(pid);
  if (fields === null) return null;
  const [utime, stime, cutime, cstime] = [11, 12, 13, 14].map((at) => Number(fields[at])) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    ownUs: Math.max(await liveThreadsUs(pid), (utime + stime) * tickUs),
    reapedUs: (cutime + cstime) * tickUs,
  };
}

async function liveThreadsUs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0')),
  );
  return texts.reduce((sum, text) => sum + Number.parseInt(text, 10) / 1_000, 0);
}

async function parentOf(pid: number): Promise<number | null> {
  const fields = await statFields(pid);
  return fields === null ? null : Number(fields[1]);
}

/** What follows the name in /proc/<pid>/stat, from the state on: proc_pid_stat(5). Null where it has ended. */
async function statFields(pid: number): Promise<string[] | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024;
}
