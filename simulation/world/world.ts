/** What one schedule runs in. The virtual modules reach it through `world()`: there is one at a time. */

import type { Disk } from '../disk/disk.ts';
import type { KafkaCluster } from '../kafka/cluster.ts';
import type { PostgresServer } from '../postgres/server.ts';
import type { Random } from './random.ts';
import type { Process, Scheduler } from './scheduler.ts';

export interface World {
  readonly scheduler: Scheduler;
  /** How long things take, and which of what may happen does. */
  readonly chance: Random;
  /** What the product itself draws: jitter, ids. */
  readonly productRandom: Random;
  /** Wall clock minus monotonic clock, milliseconds: a clock step changes it. */
  epochMs: number;
  readonly disk: Disk;
  readonly kafka: KafkaCluster;
  readonly postgres: PostgresServer;
  nextPid: number;
  /** One line of a trace; what costs something to say is given as a function. */
  trace(what: string | (() => string)): void;
}

let current: World | null = null;

export function world(): World {
  if (!current) throw new Error('no schedule is running');
  return current;
}

/** Null outside a schedule. */
export function worldOrNull(): World | null {
  return current;
}

export function enterWorld(next: World | null): void {
  current = next;
}

/** The process whose step this is. */
export function thisProcess(): Process {
  const process = world().scheduler.current;
  if (!process) throw new Error('code of the product runs outside a process');
  return process;
}
