/**
 * One slot of a role: the process that runs in it now, started again whenever it ends unasked.
 *
 * The pause before a restart doubles from 0.1 s to 10 s and is short again once a process was ready for 10 s.
 * `endsWithoutReady` counts ends in a row of processes that never said ready; a single ready sets it to 0, so
 * kills spread over time never add up to a failure.
 */

import type { Logger } from '../observability/logger.ts';
import type { MetricSnapshot } from '../observability/metrics.ts';
import type { Charges, ToRole } from '../role/messages.ts';
import type { Role } from '../role/roles.ts';
import { once } from '../system/once.ts';
import type { FrontState } from './readiness.ts';
import { createRestartPause } from './restart-pause.ts';
import { type ProcessEnd, type RoleProcess, startRoleProcess } from './role-process.ts';
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

const notRunning: FrontState = { ready: false, appendable: false, reason: 'not running' };

/** As long as it is by its list of what a slot tells and takes. */
export function createRoleSlot(options: RoleSlotOptions): RoleSlot {
  const { role, worker, timing, logger } = options;
  const restartPause = createRestartPause();
  let running: RoleProcess | null = null;
  let restartTimer: NodeJS.Timeout | null = null;
  let restarts = 0;
  let endsWithoutReady = 0;
  let wasReady = false;
  let stopping = false;

  function begin(): void {
    restartTimer = null;
    const started: RoleProcess = startRoleProcess({
      entry: options.entry,
      worker,
      environment: options.environment(restarts > 0),
      onMetrics: (snapshot) => options.onMetrics(started, snapshot),
      onCharged: options.onCharged,
      onAppendable: options.onChange,
      onReady() {
        wasReady = true;
        endsWithoutReady = 0;
        logger.info('role_started', { ofRole: role, ofWorker: worker, ofPid: started.pid });
        options.onChange();
      },
      onEnd: (how) => end(started, how),
    });
    running = started;
    started.tell(options.greeting());
  }

  function end(ended: RoleProcess, how: ProcessEnd): void {
    if (running !== ended) return;
    running = null;
    options.onEnd(ended);
    if (!stopping && !(options.isDraining() && how.signal === 'SIGTERM')) restart(ended, how);
    options.onChange();
  }

  function restart({ state, readyMs }: RoleProcess, how: ProcessEnd): void {
    if (state.ready && readyMs() >= timing.healthyMs) restartPause.reset();
    if (!state.ready) endsWithoutReady++;
    restarts++;
    const restartInMs = restartPause.next();
    logger.warn('role_exited', { ofRole: role, ofWorker: worker, ...how, restartInMs, endsWithoutReady });
    restartTimer = setTimeout(begin, restartInMs);
    options.onRestart();
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
      return running?.state ?? notRunning;
    },
    get wasReady() {
      return wasReady;
    },
    get endsWithoutReady() {
      return endsWithoutReady;
    },
    get pid() {
      return running?.pid;
    },
    start: begin,
    tell: (message) => running?.tell(message),
    checkSilence() {
      if (!running) return;
      const { ms, isFirst } = running.silence();
      if (ms <= (isFirst ? timing.firstWordMs : timing.silentMs)) return;
      logger.error('role_silent', { ofRole: role, ofWorker: worker, silentMs: Math.round(ms) });
      running.kill();
    },
    forgiveSilence: () => running?.forgiveSilence(),
    stop: once(async () => {
      cancelRestart();
      running?.tell({ type: 'stop' });
      await running?.ended;
    }),
    kill() {
      cancelRestart();
      running?.kill();
    },
  };
}
