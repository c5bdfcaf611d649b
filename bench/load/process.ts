/** The load generator: a process of its own, so that its CPU can be told from that of all others. */

import { writeFileSync } from 'node:fs';
import { runAutocannon } from './autocannon-loop.ts';
import { runClosedLoop } from './closed-loop.ts';
import { runOpenLoop } from './open-loop.ts';
import { makeRequests } from './payload.ts';
import type { FromLoad, LoadPlan, ToLoad } from './plan.ts';
import { runReconnecting } from './reconnect.ts';
import { createTally, type Tally } from './tally.ts';

const progressMs = 1_000;

sleepExactly();
// A terminal's Ctrl-C is for the runner, which ends this process by closing the channel.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToLoad) => void perform(message.plan));
send({ type: 'ready' });

async function perform(plan: LoadPlan): Promise<void> {
  const tally = createTally(plan.pace.kind === 'open' ? plan.pace.seconds : null);
  try {
    const requests = requestsOf(plan);
    const progress = setInterval(() => send({ type: 'progress', requests: tally.requests }), progressMs);
    await runPace(plan, requests, tally).finally(() => clearInterval(progress));
    send({ type: 'done', result: tally.result() });
  } catch (error) {
    send({ type: 'failed', message: (error as Error).message });
  } finally {
    tally.stop();
  }
}

/** Made once for each server and form. */
const made = new Map<string, Buffer[]>();

function requestsOf({ url, form, pace }: LoadPlan): Buffer[] {
  const closes = pace.kind === 'reconnect';
  const key = `${form} ${closes} ${url}`;
  const requests = made.get(key) ?? makeRequests(form, new URL(url), closes);
  made.set(key, requests);
  return requests;
}

function runPace(plan: LoadPlan, requests: readonly Buffer[], tally: Tally): Promise<void> {
  const { pace } = plan;
  if (pace.kind === 'closed') return runClosedLoop({ ...plan, pace }, requests, tally);
  if (pace.kind === 'autocannon') return runAutocannon({ ...plan, pace }, requests, tally);
  if (pace.kind === 'reconnect') return runReconnecting({ ...plan, pace }, requests, tally);
  return runOpenLoop({ ...plan, pace }, requests, tally);
}

/** Linux lets a thread sleep 0.05 ms longer than it asked for, unless it was told less: proc_pid_timerslack_ns(5). */
function sleepExactly(): void {
  try {
    writeFileSync('/proc/self/timerslack_ns', '1000');
  } catch {
    // Another system: how late requests were sent is told either way.
  }
}

function send(message: FromLoad): void {
  process.send?.(message);
}
