/**
 * Ends brokers whose starter is gone, however it went: it reads `+pid` and `-pid` lines, and when its input
 * ends it stops every pid that is still there. A process of its own, because kill -9 runs no handler.
 */

import { createInterface } from 'node:readline';

/** How long brokers may take to stop in order, milliseconds. */
const orderlyStopMsMax = 15_000;

const pids = new Set<number>();
// A terminal's Ctrl-C goes to the whole group; this process must outlive the starter.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) pids.add(pid);
  else pids.delete(pid);
});
lines.on('close', () => {
  const deadline = performance.now() + orderlyStopMsMax;
  let living = [...pids].filter((pid) => signalled(pid, 'SIGTERM'));
  const timer = setInterval(() => {
    living = living.filter((pid) => signalled(pid, performance.now() > deadline ? 'SIGKILL' : 0));
    if (living.length === 0) clearInterval(timer);
  }, 200);
});

/** False where the process is gone. */
function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
