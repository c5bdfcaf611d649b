/**
 * Work that is begun at most once: every call gives the promise of the first. It is what `start` and `stop` are made
 * of, so that callers which race share one outcome, a rejection too.
 */
export function once<A extends unknown[], T>(work: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  let begun: Promise<T> | null = null;
  return (...args) => {
    begun ??= work(...args);
    return begun;
  };
}
