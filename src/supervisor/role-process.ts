/** One process of a role: forked, listened to, told things. What follows its end is its slot's matter (role-slot.ts). */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { MetricSnapshot } from '../observability/metrics.ts';
import { roleArguments, roleEnvironment, roleNodeArguments } from '../role/arguments.ts';
import type { Charges, FromRole, ToRole } from '../role/messages.ts';
import type { FrontState } from './readiness.ts';

export interface RoleProcessOptions {
  readonly entry: URL;
  readonly worker: number;
  readonly environment: NodeJS.ProcessEnv;
  onMetrics(snapshot: MetricSnapshot): void;
  /** A front charged the API keys. */
  onCharged(charges: Charges): void;
  onReady(): void;
  /** A front can, or cannot, append. */
  onAppendable(): void;
  /** The process is gone, and what it said last was heard. */
  onEnd(end: ProcessEnd): void;
}

/** How it ended, as the log tells it: `err` alone where it could not be made at all. */
export interface ProcessEnd {
  readonly code?: number | null;
  readonly signal?: NodeJS.Signals | null;
  readonly err?: unknown;
}

export interface RoleProcess {
  readonly pid: number | undefined;
  readonly state: FrontState;
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;
  /** For how long it has been ready, milliseconds; 0 where it never was. */
  readyMs(): number;
  /** Since when it said nothing, milliseconds, and whether it ever did. */
  silence(): { readonly ms: number; readonly isFirst: boolean };
  /** What was not heard so far is no silence. */
  forgiveSilence(): void;
  /** A process that is ending takes no messages; its end is told by `onEnd`. */
  tell(message: ToRole): void;
  kill(): void;
}

export function startRoleProcess(options: RoleProcessOptions): RoleProcess {
  const child = fork(options.entry, roleArguments(options.worker), {
    execArgv: [...roleNodeArguments],
    env: { ...roleEnvironment, ...options.environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = Promise.withResolvers<void>();
  let state: FrontState = { ready: false, appendable: false, reason: 'starting' };
  let readyAtMs = Number.POSITIVE_INFINITY;
  let heard = false;
  let heardAtMs = performance.now();

  function hear(message: FromRole): void {
    heard = true;
    heardAtMs = performance.now();
    if (message.type === 'metrics') options.onMetrics(message.snapshot);
    if (message.type === 'charged') options.onCharged(message.charges);
    if (message.type === 'appendable') {
      state = { ...state, appendable: message.appendable, reason: message.reason };
      options.onAppendable();
    }
    if (message.type === 'ready') {
      state = { ...state, ready: true };
      readyAtMs = heardAtMs;
      options.onReady();
    }
  }

  function end(how: ProcessEnd): void {
    options.onEnd(how);
    ended.resolve();
  }

  child.on('message', hear);
  // 'error' alone where the process could not be made at all, 'exit' alone where it ran.
  child.once('error', (err) => end({ err }));
  child.once('exit', async (code, signal) => {
    await channelRead(child);
    end({ code, signal });
  });
  return {
    pid: child.pid,
    get state() {
      return state;
    },
    ended: ended.promise,
    readyMs: () => Math.max(0, performance.now() - readyAtMs),
    silence: () => ({ ms: performance.now() - heardAtMs, isFirst: !heard }),
    forgiveSilence() {
      heardAtMs = performance.now();
    },
    tell(message) {
      if (child.connected) child.send(message, () => {});
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** What a process said last is read after its 'exit'; a second is far more than that takes. */
async function channelRead(child: ChildProcess): Promise<void> {
  if (!child.connected) return;
  await once(child, 'disconnect', { signal: AbortSignal.timeout(1_000) }).catch(() => {});
}
