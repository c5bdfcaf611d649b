/** Waits for a condition instead of for a time. */

import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with what `condition` gives once that is truthy; fails, naming `what`, after a generous deadline. */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: { what: string; timeoutMs?: number },
): Promise<NonNullable<T>> {
  const deadline = performance.now() + (options.timeoutMs ?? 20_000);
  for (;;) {
    const result = await condition();
    if (result) return result as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${options.what}`);
    await delay(5);
  }
}
