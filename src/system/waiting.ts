/** Waiting that ends: after a time, at a signal, when somebody else is late; and pauses between tries that grow. */

import { setTimeout as sleep } from 'node:timers/promises';

const firstMs = 50;
const longestMs = 5_000;

/** How long to wait after the `failures`-th failure in a row (from 1): half of it certain, half at random. */
export function backoffMs(failures: number, random = Math.random()): number {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return whole / 2 + (random * whole) / 2;
}

/** Waits; returns early, and says nothing, when `signal` is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

/** Resolves when `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/**
 * What `promise` gives, if it does within the time.
 * @param who is waited for, as the error's text names it
 * @throws LateError after `timeoutMs`, whatever becomes of the promise
 */
export async function within<T>(timeoutMs: number, who: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new LateError(who, timeoutMs)), timeoutMs);
  promise.catch(() => {}); // it may reject when nobody waits any more
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Somebody did not answer in time; the answer may still come. */
export class LateError extends Error {
  override readonly name = 'LateError';
  constructor(who: string, timeoutMs: number) {
    super(`${who} did not answer within ${Math.round(timeoutMs)} ms`);
  }
}
