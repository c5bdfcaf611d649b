/** This process's end of its watchdog. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Watchdog {
  add(pid: number): void;
  remove(pid: number): void;
  close(): void;
}

/** Ends the processes that it was told of when this one is gone, however it went (watchdog.ts). */
export function startWatchdog(): Watchdog {
  const watchdog = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'watchdog.ts')],
    { stdio: ['pipe', 'ignore', 'inherit'], detached: true },
  );
  watchdog.unref();
  const input = watchdog.stdin as typeof watchdog.stdin & { unref?(): void };
  input.unref?.();
  input.on('error', () => {}); // it was killed: brokers then outlive only a kill -9 of this process
  return {
    add: (pid) => void input.write(`+${pid}\n`),
    remove: (pid) => void input.write(`-${pid}\n`),
    close: () => void input.end(),
  };
}
