/** Waits between tries that grow, with jitter, so that many partitions do not come back at once. */

import { setTimeout as sleep } from 'node:timers/promises';

const firstMs = 50;
const longestMs = 5_000;

/** How long to wait after the `failures`-th failure in a row (from 1): half of it certain, half at random. */
export function backoffMs(failures: number, random = Math.random()): number {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return whole / 2 + (random * whole) / 2;
}

/** Waits; returns early, and says nothing, when `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Resolves when `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
