/**
 * One schedule: an instance, its clients, and faults, all drawn from one seed. It ends when everything acknowledged is
 * told of and the fronts take usages in again, or with a promise broken.
 */

import { Clients } from './clients.ts';
import { Disk, diskBytes, noDiskFaults } from './disk/disk.ts';
import { type Fault, faults, type Mode } from './faults.ts';
import { createInstance, environmentVariants, forgetProcesses, type Instance } from './instance.ts';
import { KafkaCluster, noKafkaFaults } from './kafka/cluster.ts';
import { startOperator } from './operator.ts';
import { PostgresServer } from './postgres/server.ts';
import { BrokenPromiseError, Promises } from './promise.ts';
import { isSegment, usagesIn } from './segments.ts';
import { createRandom, type Random } from './world/random.ts';
import { Scheduler } from './world/scheduler.ts';
import { enterWorld, type World } from './world/world.ts';

export interface Schedule {
  readonly world: World;
  readonly random: Random;
  readonly instance: Instance;
  readonly clients: Clients;
  readonly promises: Promises;
}

export interface ScheduleResult {
  readonly seed: number;
  readonly steps: number;
  readonly acknowledged: number;
  readonly virtualMs: number;
  /** What happened, in short. */
  readonly summary: string;
}

/** A schedule that did not end as it must. */
export class ScheduleFailedError extends Error {
  override readonly name = 'ScheduleFailedError';
  readonly seed: number;
  constructor(seed: number, summary: string, steps: number, cause: unknown) {
    super(`seed ${seed} (${summary}), step ${steps}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
    this.seed = seed;
  }
}

/** 2026-11-30 12:00 UTC: a month ends within a day. */
const epochMs = Date.UTC(2026, 10, 30, 12);
const settleMsMax = 400_000;
const lookEveryMs = 250;

export interface ScheduleOptions {
  readonly seed: number;
  /** Gets each line of a trace. */
  readonly onTrace?: (line: string) => void;
}

export async function runSchedule({ seed, onTrace }: ScheduleOptions): Promise<ScheduleResult> {
  const random = createRandom(seed);
  const world = createWorld(random, onTrace);
  const { scheduler } = world;
  enterWorld(world);
  forgetProcesses();
  const onRejection = (reason: unknown) => scheduler.fail(reason);
  process.on('unhandledRejection', onRejection);
  let summary = '';
  try {
    world.disk.makeFolder('/volume');
    world.disk.root.sync();
    const mode = random.pick<Mode>([
      'local',
      'local',
      'kafka',
      'kafka',
      'kafka',
      'kafka without spool',
      'both',
    ]);
    const plan = drawFaults(random, mode);
    summary = `${mode}: ${plan.map(({ fault }) => fault.name).join(', ') || 'nothing goes wrong'}`;
    const schedule = prepare(world, random, mode);
    await play(schedule, plan);
    return {
      seed,
      steps: scheduler.steps,
      acknowledged: [...schedule.promises.sent.values()].filter(({ isAcknowledged }) => isAcknowledged)
        .length,
      virtualMs: scheduler.nowMs,
      summary,
    };
  } catch (error) {
    throw new ScheduleFailedError(seed, summary, scheduler.steps, error);
  } finally {
    enterWorld(null);
    process.off('unhandledRejection', onRejection);
  }
}

function createWorld(random: Random, onTrace?: (line: string) => void): World {
  const scheduler = new Scheduler();
  const chance = random.fork();
  return {
    scheduler,
    chance,
    productRandom: random.fork(),
    epochMs,
    nextPid: 1_000,
    disk: new Disk(scheduler, chance),
    kafka: new KafkaCluster(scheduler, chance),
    postgres: new PostgresServer(scheduler, chance),
    trace: onTrace
      ? (what) =>
          onTrace(
            `${scheduler.steps} ${scheduler.nowMs.toFixed(2)} ${typeof what === 'function' ? what() : what}`,
          )
      : () => {},
  };
}

/** Runs some work as one process in a world in which nothing goes wrong. */
export async function inWorld<T>(seed: number, work: (world: World) => Promise<T>): Promise<T> {
  const world = createWorld(createRandom(seed));
  const { scheduler } = world;
  enterWorld(world);
  try {
    let done = false;
    const result = new Promise<T>((resolve, reject) => {
      const begin = () =>
        void work(world)
          .then(resolve, reject)
          .finally(() => (done = true));
      scheduler.after(0, begin, { name: 'script', alive: true, onEnd: [] });
    });
    await scheduler.run(() => done);
    return await result;
  } finally {
    enterWorld(null);
  }
}

interface PlannedFault {
  readonly fault: Fault;
  readonly atMs: number;
  readonly untilMs: number;
}

const faultsEndMs = 4_000;

function drawFaults(random: Random, mode: Mode): PlannedFault[] {
  const possible = faults
    .filter(({ modes }) => modes.includes(mode))
    .flatMap((fault) => Array<Fault>(fault.weight).fill(fault));
  return Array.from({ length: random.integer(0, 4) }, () => {
    const atMs = random.integer(0, faultsEndMs - 500);
    return {
      fault: random.pick(possible),
      atMs,
      untilMs: Math.min(faultsEndMs, atMs + random.integer(50, 3_000)),
    };
  }).sort((a, b) => a.atMs - b.atMs);
}

function prepare(world: World, random: Random, mode: Mode): Schedule {
  const promises = new Promises();
  world.disk.onRemoved = (path, node) => {
    if (isSegment(path)) promises.gone(usagesIn(path, node));
  };
  // A reader may have stored a frame before it was known to fail; its position then names nothing.
  world.disk.onDropped = () => {
    promises.mayHaveGaps = true;
  };
  world.kafka.onDestroyed = (_, records) => {
    for (const { value } of records) promises.destroyed(value);
  };
  const isLocal = mode === 'local' || (mode === 'both' && random.chance(0.5));
  const first = isLocal ? 'local' : mode === 'kafka without spool' ? 'spoolless' : 'kafka';
  const instance = createInstance(random.pick(environmentVariants), first, mode === 'both');
  return { world, random, instance, promises, clients: new Clients(random.fork(), promises) };
}

async function play(schedule: Schedule, plan: readonly PlannedFault[]): Promise<void> {
  const { world, instance, clients, promises, random } = schedule;
  const { scheduler } = world;
  instance.start();
  const requests = random.integer(4, 30);
  const bursts = Array.from({ length: random.pick([2, 6, 30]) }, () => random.integer(0, faultsEndMs));
  for (let i = 0; i < requests; i++)
    scheduler.after(random.pick(bursts) + random.fraction() * 3, () => clients.send(), null);
  const ends = new Set<() => void>();
  for (const { fault, atMs, untilMs } of plan)
    scheduler.after(
      atMs,
      () => {
        world.trace(`fault: ${fault.name}`);
        const end = fault.begin(schedule);
        ends.add(end);
        scheduler.after(
          untilMs - atMs,
          () => {
            if (!ends.delete(end)) return;
            world.trace(`fault ends: ${fault.name}`);
            end();
          },
          null,
        );
      },
      null,
    );
  let isHealed = false;
  scheduler.after(
    faultsEndMs,
    () => {
      for (const end of ends) end();
      ends.clear();
      heal(world);
      // What is left in Kafka when one goes back to the local log for good is read by nobody. And a database that was
      // restored gets what it lacks of the time before Kafka at the relay's next start.
      if (instance.isBoth) instance.settleOn(instance.environments.kafka);
      isHealed = true;
      world.trace('every fault has ended');
      startOperator();
    },
    null,
  );
  await scheduler.run(() => isHealed);
  await settle(schedule);
  promises.check();
}

function heal({ disk, kafka, postgres }: World): void {
  disk.faults = noDiskFaults;
  disk.capacity = diskBytes;
  kafka.faults = noKafkaFaults;
  for (const broker of kafka.brokers) if (!broker.isUp) kafka.startBroker(broker.id);
  postgres.isRunning = true;
  postgres.breaks = 0;
  postgres.isStandby = false;
  postgres.roleSettings = { isReadOnly: false, statementTimeoutMs: 0 };
}

/** Until every acknowledged usage is told of, and new ones are taken in. @throws BrokenPromiseError */
async function settle({ world, clients, promises }: Schedule): Promise<void> {
  const { scheduler } = world;
  let isTakenIn = false;
  scheduler.after(1_000, () => clients.sendUntilAcknowledged(() => (isTakenIn = true)), null);
  const beganAtMs = scheduler.nowMs;
  let isDone = false;
  const look = () => {
    const isQuiet = isTakenIn && clients.waiting === 0 && promises.untold().length === 0;
    isDone = isQuiet || scheduler.nowMs - beganAtMs > settleMsMax;
    if (!isDone) scheduler.after(lookEveryMs, look, null);
  };
  scheduler.after(lookEveryMs, look, null);
  await scheduler.run(() => isDone);
  if (!isTakenIn) throw new BrokenPromiseError('no usage is taken in, though every fault has ended');
  if (clients.waiting > 0) throw new BrokenPromiseError('a request was never answered');
  const untold = promises.untold();
  if (untold.length > 0)
    throw new BrokenPromiseError(
      `acknowledged, and nothing tells of them: ${untold.map((id) => id.slice(-4)).join(' ')}`,
    );
}
