/**
 * One slot of a role: the process that runs in it now, started again whenever it ends unasked.
 *
 * The pause before a restart doubles from 0.1 s to 10 s and is short again once a process was ready for 10 s.
 * `endsWithoutReady` counts ends in a row of processes that never said ready; a single ready sets it to 0, so
 * kills spread over time never add up to a failure.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once as event } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { Logger } from '../observability/logger.ts';
import type { MetricSnapshot } from '../observability/metrics.ts';
import { roleArguments, roleEnvironment, roleNodeArguments } from '../role/arguments.ts';
import type { Charges, FromRole, ToRole } from '../role/messages.ts';
import type { Role } from '../role/roles.ts';
import { once } from '../system/once.ts';
import type { FrontState } from './readiness.ts';
import { createRestartPause } from './restart-pause.ts';
import type { Timing } from './timing.ts';

export interface RoleSlotOptions {
  readonly role: Role;
  readonly worker: number;
  readonly entry: URL;
  readonly timing: Timing;
  readonly logger: Logger;
  /** The environment of the next process; `restart` is false for the first one in the slot. */
  environment(restart: boolean): NodeJS.ProcessEnv;
  /** The instance is stopping: a process that the same signal ended before it could listen is not started again. */
  isDraining(): boolean;
  /** What each new process is told at once. */
  greeting(): ToRole;
  /** The process got ready, changed what it can do, or ended. */
  onChange(): void;
  /** A front charged the API keys. */
  onCharged(charges: Charges): void;
  onMetrics(process: object, snapshot: MetricSnapshot): void;
  onEnd(process: object): void;
  /** A process ended unasked and is started again. */
  onRestart(): void;
}

export interface RoleSlot {
  readonly role: Role;
  readonly worker: number;
  readonly state: FrontState;
  /** A process of this slot was ready at some time. */
  readonly wasReady: boolean;
  readonly endsWithoutReady: number;
  readonly pid: number | undefined;
  start(): void;
  tell(message: ToRole): void;
  /** Kills a process that is silent; called about once a second. */
  checkSilence(): void;
  /** What was not heard so far is no silence: the supervisor itself did not listen. */
  forgiveSilence(): void;
  /** Orders the stop, resolves when the process is gone. Called again: the promise in flight. */
  stop(): Promise<void>;
  /** Ends the process now, whether a stop is under way or not; no restart follows. */
  kill(): void;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  ready: boolean;
  readyAtMs: number;
  heard: boolean;
  heardAtMs: number;
  appendable: boolean;
  reason: string;
}

export function createRoleSlot(options: RoleSlotOptions): RoleSlot {
  const { role, worker, timing, logger } = options;
  const restartPause = createRestartPause();
  let running: Running | null = null;
  let restartTimer: NodeJS.Timeout | null = null;
  let restarts = 0;
  let endsWithoutReady = 0;
  let wasReady = false;
  let stopping = false;

  function begin(): void {
    restartTimer = null;
    const child = fork(options.entry, roleArguments(worker), {
      execArgv: [...roleNodeArguments],
      env: { ...roleEnvironment, ...options.environment(restarts > 0) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let onEnded: () => void;
    const ended = new Promise<void>((resolve) => {
      onEnded = resolve;
    });
    const now = performance.now();
    const process: Running = {
      child,
      ended,
      ready: false,
      readyAtMs: now,
      heard: false,
      heardAtMs: now,
      appendable: false,
      reason: 'starting',
    };
    running = process;
    child.on('message', (message: FromRole) => hear(process, message));
    // 'error' alone where the process could not be made at all, 'exit' alone where it ran.
    child.once('error', (error) => end(process, { err: error }, onEnded));
    child.once('exit', async (code, signal) => {
      await channelRead(child);
      end(process, { code, signal }, onEnded);
    });
    tellProcess(process, options.greeting());
  }

  function hear(process: Running, message: FromRole): void {
    process.heard = true;
    process.heardAtMs = performance.now();
    if (message.type === 'metrics') options.onMetrics(process, message.snapshot);
    if (message.type === 'charged') options.onCharged(message.charges);
    if (message.type === 'appendable') {
      process.appendable = message.appendable;
      process.reason = message.reason;
      options.onChange();
    }
    if (message.type === 'ready') {
      process.ready = true;
      process.readyAtMs = performance.now();
      wasReady = true;
      endsWithoutReady = 0;
      logger.info('role_started', { ofRole: role, ofWorker: worker, ofPid: process.child.pid });
      options.onChange();
    }
  }

  function end(
    process: Running,
    how: { signal?: NodeJS.Signals | null; code?: number | null; err?: unknown },
    onEnded: () => void,
  ): void {
    if (running !== process) return;
    running = null;
    options.onEnd(process);
    onEnded();
    if (stopping || (options.isDraining() && how.signal === 'SIGTERM')) {
      options.onChange();
      return;
    }
    if (process.ready && performance.now() - process.readyAtMs >= timing.healthyMs) restartPause.reset();
    if (!process.ready) endsWithoutReady++;
    restarts++;
    const pauseMs = restartPause.next();
    logger.warn('role_exited', {
      ofRole: role,
      ofWorker: worker,
      ...how,
      restartInMs: pauseMs,
      endsWithoutReady,
    });
    restartTimer = setTimeout(begin, pauseMs);
    options.onRestart();
    options.onChange();
  }

  /** A process that is ending takes no messages; its end is told by 'exit'. */
  function tellProcess(process: Running, message: ToRole): void {
    if (process.child.connected) process.child.send(message, () => {});
  }

  function cancelRestart(): void {
    stopping = true;
    if (restartTimer) clearTimeout(restartTimer);
    restartTimer = null;
  }

  return {
    role,
    worker,
    get state() {
      const { ready = false, appendable = false, reason = 'not running' } = running ?? {};
      return { ready, appendable, reason };
    },
    get wasReady() {
      return wasReady;
    },
    get endsWithoutReady() {
      return endsWithoutReady;
    },
    get pid() {
      return running?.child.pid;
    },
    start: begin,
    tell(message) {
      if (running) tellProcess(running, message);
    },
    checkSilence() {
      if (!running) return;
      const silentMs = performance.now() - running.heardAtMs;
      if (silentMs <= (running.heard ? timing.silentMs : timing.firstWordMs)) return;
      logger.error('role_silent', { ofRole: role, ofWorker: worker, silentMs: Math.round(silentMs) });
      running.child.kill('SIGKILL');
    },
    forgiveSilence() {
      if (running) running.heardAtMs = performance.now();
    },
    stop: once(async () => {
      cancelRestart();
      if (running) tellProcess(running, { type: 'stop' });
      await running?.ended;
    }),
    kill() {
      cancelRestart();
      running?.child.kill('SIGKILL');
    },
  };
}

/** What a process said last is read after its 'exit'; a second is far more than that takes. */
async function channelRead(child: ChildProcess): Promise<void> {
  if (!child.connected) return;
  await event(child, 'disconnect', { signal: AbortSignal.timeout(1_000) }).catch(() => {});
}
