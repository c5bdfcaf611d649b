/** `node:timers/promises` on the virtual clock. */

import { world } from '../world/world.ts';

interface WaitOptions {
  readonly signal?: AbortSignal;
}

export function setTimeout<T>(delayMs = 0, value?: T, { signal }: WaitOptions = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal));
    const { scheduler } = world();
    const onAbort = () => {
      scheduler.clear(timer);
      reject(abortError(signal!));
    };
    const timer = scheduler.after(delayMs >= 1 ? delayMs : 1, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value as T);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}
