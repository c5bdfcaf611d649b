import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `condition` gives something true, and returns that.
 * @throws Error naming `what` past `timeoutMs`, which is generous: a slow machine is no failure
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 60_000 }: { what: string; timeoutMs?: number },
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() >= deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(20);
  }
}
