/** Waits for a condition instead of for a time. */

import { setTimeout as delay } from 'node:timers/promises';

/** How often a condition is looked at, milliseconds. */
const pollMs = 10;

/**
 * Resolves with the first truthy value that `condition` gives.
 * @throws Error naming `what` when that takes longer than `timeoutMs` (default 60 s: generous on a busy machine)
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: { what: string; timeoutMs?: number },
): Promise<NonNullable<T>> {
  const deadline = performance.now() + (options.timeoutMs ?? 60_000);
  for (;;) {
    const value = await condition();
    if (value) return value as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`waited in vain until ${options.what}`);
    await delay(pollMs);
  }
}
