/**
 * What the server must reach and what it aims at, each as a ratio within one run or a plain bound, and whether it
 * does. A figure that was not measured, or whose rows do not add up, meets nothing.
 */

import { cpuUsARequest, cpuUsAUsage, type Figure, isMeasured } from './figures.ts';
import {
  cpuBesideBare,
  drainBeside,
  figureOfOne,
  mostMemory,
  peakBesideDisk,
  peakErrors,
  peakP99,
  rateBeside,
  totalBesideBare,
} from './goal-figures.ts';
import type { BenchResult } from './result.ts';

export interface Goal {
  /** Stable, for tables that are read by programs. */
  readonly name: string;
  readonly what: string;
  /** How the figure is made, for the report. */
  readonly from: string;
  /** Whether smaller figures are better. */
  readonly better: 'lower' | 'higher';
  readonly must: number;
  /** Null where there is nothing to aim at beyond the must. */
  readonly goal: number | null;
  /** Written after a figure: "× bare", "ms". */
  readonly unit: string;
  readonly figure: (result: BenchResult) => Figure;
  /** The same of the least server that keeps the promise, in the same run. Absent: none stands beside. */
  readonly limit?: (result: BenchResult) => Figure;
}

export type Verdict = 'goal met' | 'must met' | 'missed' | 'not measured';

export interface JudgedGoal extends Omit<Goal, 'figure' | 'limit'> {
  readonly figure: Figure;
  readonly limit: Figure | null;
  readonly verdict: Verdict;
  /** Whether single rounds lie on the other side of the bound that the verdict on their median speaks of. */
  readonly roundsDiffer: boolean;
}

/** Every line of the table, in its order. */
export const goals: readonly Goal[] = [
  {
    name: 'front-single',
    what: 'single usages, local log, acknowledged after fsync: front CPU a request',
    from: 'CPU of the fronts a request / CPU of bare a request',
    better: 'lower',
    must: 1.9,
    goal: 1.6,
    unit: '× bare',
    figure: (result) => cpuBesideBare(result, 'single', 'local', ['front'], cpuUsARequest),
  },
  {
    name: 'rate-express',
    what: 'single usages, local log: requests/s',
    from: 'requests/s / requests/s of the naive Express original',
    better: 'higher',
    must: 10,
    goal: 15,
    unit: '× Express',
    figure: (result) => rateBeside(result, 'local', 'express-array'),
    limit: (result) => rateBeside(result, 'bare-durable', 'express-array'),
  },
  {
    name: 'front-batch',
    what: 'arrays of 100: front CPU a usage, socket to durable',
    from: 'CPU of the fronts a usage / CPU of bare a request',
    better: 'lower',
    must: 0.45,
    goal: 0.3,
    unit: '× bare',
    figure: (result) => cpuBesideBare(result, 'batch', 'local', ['front'], cpuUsAUsage),
  },
  {
    name: 'writer',
    what: "writer's own CPU a usage",
    from: 'CPU of the writer a usage while it stores a backlog',
    better: 'lower',
    must: 1,
    goal: 0.3,
    unit: 'µs',
    figure: (result) => figureOfOne(result, 'drain', 'local', 'CPU of the writer', cpuUsAUsage(['writer'])),
  },
  {
    name: 'drain',
    what: 'drain, beside a plain COPY by a client in C of the same rows into the same table',
    from: 'usages/s stored / rows/s of the plain COPY',
    better: 'higher',
    must: 0.8,
    goal: 0.95,
    unit: '× COPY',
    figure: (result) => drainBeside(result, 'drain', 'copy'),
  },
  {
    name: 'drain-repeats',
    what: 'drain with 5 % repeats, beside a staged COPY by a client in C',
    from: 'usages/s stored / rows/s of the COPY through a temporary table',
    better: 'higher',
    must: 0.8,
    goal: 0.95,
    unit: '× staged COPY',
    figure: (result) => drainBeside(result, 'drain-repeats', 'copy-staged'),
  },
  {
    name: 'total-local',
    what: 'a single usage, socket to Postgres, load generator apart, local log: CPU',
    from: 'CPU of all processes and of Postgres a usage / CPU of bare a request',
    better: 'lower',
    must: 2.9,
    goal: 2.4,
    unit: '× bare',
    figure: (result) => totalBesideBare(result, 'local', ['front', 'writer', 'postgres']),
  },
  {
    name: 'total-kafka',
    what: 'the same with Kafka, broker included',
    from: 'CPU of all processes, of the broker and of Postgres a usage / CPU of bare a request',
    better: 'lower',
    must: 3.6,
    goal: 2.9,
    unit: '× bare',
    figure: (result) => totalBesideBare(result, 'kafka', ['front', 'broker', 'writer', 'postgres']),
  },
  {
    name: 'peak-p50',
    what: 'acknowledgement at 16.7k/s: p50 beside the disk',
    from: 'p50 of the acknowledgement in each ten seconds of the minute / p50 of one durable write',
    better: 'lower',
    must: 3,
    goal: null,
    unit: '× fsync',
    figure: (result) => peakBesideDisk(result, 'local'),
    limit: (result) => peakBesideDisk(result, 'bare-durable'),
  },
  {
    name: 'peak-p99',
    what: 'acknowledgement at 16.7k/s: p99',
    from: 'p99 of the acknowledgement in each ten seconds of the minute, corrected for coordinated omission',
    better: 'lower',
    must: 25,
    goal: 10,
    unit: 'ms',
    figure: (result) => peakP99(result, 'local'),
    limit: (result) => peakP99(result, 'bare-durable'),
  },
  {
    name: 'peak-errors',
    what: 'at 16.7k/s: requests not acknowledged',
    from: 'errors, shed requests, and those that were due and never sent because all connections waited',
    better: 'lower',
    must: 0,
    goal: null,
    unit: 'requests',
    figure: peakErrors,
  },
  {
    name: 'memory-front',
    what: 'resident memory of a front at saturation',
    from: 'the largest front of the single and staircase scenarios, highest of each round',
    better: 'lower',
    must: 200,
    goal: 120,
    unit: 'MB',
    figure: (result) => mostMemory(result, 'front', ['single', 'staircase']),
  },
  {
    name: 'memory-writer',
    what: 'resident memory of the writer while draining',
    from: 'with the local log or with Kafka, whichever needs more; highest of each round',
    better: 'lower',
    must: 200,
    goal: 120,
    unit: 'MB',
    figure: (result) => mostMemory(result, 'writer', ['drain']),
  },
  {
    name: 'rate-kafkajs',
    what: 'Kafka mode, requests/s at the same durability',
    from: 'requests/s / requests/s of Fastify with one acks=-1 send a request',
    better: 'higher',
    must: 10,
    goal: 20,
    unit: '× Fastify + kafkajs',
    figure: (result) => rateBeside(result, 'kafka', 'fastify-kafkajs'),
    limit: (result) => rateBeside(result, 'bare-kafka', 'fastify-kafkajs'),
  },
  {
    name: 'rate-kafkajs-front',
    what: 'the same of a front alone, which like the peer stores in no database: requests/s',
    from: 'requests/s of `start --role front` / requests/s of Fastify with one acks=-1 send a request',
    better: 'higher',
    must: 10,
    goal: 20,
    unit: '× Fastify + kafkajs',
    figure: (result) => rateBeside(result, 'kafka-front', 'fastify-kafkajs'),
    limit: (result) => rateBeside(result, 'bare-kafka', 'fastify-kafkajs'),
  },
];

/** Judges every goal by the median of its rounds. */
export function judgeGoals(result: BenchResult): JudgedGoal[] {
  return goals.map((goal) => {
    const figure = goal.figure(result);
    const limit = goal.limit?.(result) ?? null;
    if (!isMeasured(figure)) return { ...goal, figure, limit, verdict: 'not measured', roundsDiffer: false };
    const verdict = verdictOf(goal, figure.median);
    const roundsDiffer = [figure.min, figure.max].some((value) => !bearsOut(verdict, verdictOf(goal, value)));
    return { ...goal, figure, limit, verdict, roundsDiffer };
  });
}

/** A round that reaches the goal meets the must as well. */
function bearsOut(verdict: Verdict, ofRound: Verdict): boolean {
  return ofRound === verdict || (verdict === 'must met' && ofRound === 'goal met');
}

function verdictOf({ better, must, goal }: Goal, value: number): Verdict {
  const reaches = (bound: number) => (better === 'lower' ? value <= bound : value >= bound);
  if (!reaches(must)) return 'missed';
  return goal !== null && reaches(goal) ? 'goal met' : 'must met';
}
