/** What the machine's cores did meanwhile, and what of them its host kept for others, from /proc/stat: proc_stat(5). */

import { readFileSync } from 'node:fs';
import { tickUs } from './process-cpu.ts';
import type { MachineCpu } from './result.ts';

/** Since the machine was started. */
export interface MachineCpuSample {
  readonly atMs: number;
  readonly busyS: number;
  readonly stolenS: number;
}

/** Synchronous: a tenth of a millisecond, ten times a second beside a load generator. */
export function sampleMachineCpu(): MachineCpuSample {
  return parseMachineCpu(readFileSync('/proc/stat', 'utf8'), performance.now());
}

/** @param stat the text of /proc/stat, read at `atMs` of the monotonic clock */
export function parseMachineCpu(stat: string, atMs: number): MachineCpuSample {
  const ticks = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number);
  if (ticks === undefined || ticks.length < 8) throw new Error('/proc/stat does not begin as it should');
  const [user, nice, system, , , irq, softirq, steal] = ticks as number[];
  const seconds = (count: number) => (count * tickUs) / 1e6;
  return { atMs, busyS: seconds(user! + nice! + system! + irq! + softirq!), stolenS: seconds(steal!) };
}

/** Cores, on average between two samples. */
export function machineCpuBetween(before: MachineCpuSample, after: MachineCpuSample): MachineCpu {
  const seconds = Math.max(after.atMs - before.atMs, 1) / 1_000;
  const cores = (from: number, to: number) => Math.round(((to - from) / seconds) * 1_000) / 1_000;
  return {
    coresBusy: cores(before.busyS, after.busyS),
    coresStolen: cores(before.stolenS, after.stolenS),
  };
}
