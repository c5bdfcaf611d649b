<<<<<<< HEAD
/** Waits for a condition instead of for a time. */

/** How often a condition is looked at, milliseconds. */
const pollMs = 20;
=======
import { setTimeout as delay } from 'node:timers/promises';
>>>>>>> writer

/**
 * Resolves with the first truthy value that `condition` gives.
 * @throws Error naming `what` when that takes longer than `timeoutMs` (default 60 s: generous on a busy machine)
 */
export async function until<T>(
  condition: () => T | Promise<T>,
<<<<<<< HEAD
  options: { what: string; timeoutMs?: number },
=======
  { what, timeoutMs = 60_000 }: { what: string; timeoutMs?: number },
>>>>>>> writer
): Promise<NonNullable<T>> {
  const deadline = performance.now() + (options.timeoutMs ?? 60_000);
  for (;;) {
    const value = await condition();
<<<<<<< HEAD
    if (value) return value as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`waited in vain until ${options.what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
=======
    if (value) return value;
    if (performance.now() >= deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(20);
>>>>>>> writer
  }
}
