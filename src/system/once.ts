/** Work that is begun at most once. `start` and `stop` are made of it: callers that race share one outcome, a rejection too. */
export interface Once<A extends unknown[], T> {
  /** Begins the work, or gives the promise of the first call. */
  (...args: A): Promise<T>;
  /** Resolves when what was begun is over, however it ended; at once where nothing was. */
  settled(): Promise<void>;
}

export function once<A extends unknown[], T>(work: (...args: A) => Promise<T>): Once<A, T> {
  let begun: Promise<T> | null = null;
  const begin = (...args: A) => {
    begun ??= work(...args);
    return begun;
  };
  const settled = async () => void (await Promise.allSettled([begun]));
  return Object.assign(begin, { settled });
}
