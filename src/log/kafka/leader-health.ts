/**
 * Which brokers to leave alone for a while. A broker that failed an append is tried again after a pause that
 * doubles with every failure in a row, so that one that answers metadata but not appends costs little.
 */

const pauseMsMax = 30_000;

export interface LeaderHealth {
  usable(leader: number, nowMs: number): boolean;
  failed(leader: number, nowMs: number): void;
  succeeded(leader: number): void;
  /** Forgets brokers that lead nothing any more. */
  keepOnly(leaders: ReadonlySet<number>): void;
  /** True while some broker is left alone, or was and has not proved itself since. */
  anyFailed(): boolean;
  /** When the first one may be tried again; null where none is left alone. */
  nextTryMs(): number | null;
}

export function createLeaderHealth(pauseMs: number): LeaderHealth {
  const failures = new Map<number, { count: number; untilMs: number }>();
  return {
    usable: (leader, nowMs) => nowMs >= (failures.get(leader)?.untilMs ?? 0),
    failed(leader, nowMs) {
      const before = failures.get(leader);
      // Appends in flight together fail together: that is one failure.
      if (before && nowMs < before.untilMs) return;
      const count = (before?.count ?? 0) + 1;
      failures.set(leader, { count, untilMs: nowMs + Math.min(pauseMsMax, pauseMs * 2 ** (count - 1)) });
    },
    succeeded: (leader) => void failures.delete(leader),
    keepOnly(leaders) {
      for (const leader of failures.keys()) if (!leaders.has(leader)) failures.delete(leader);
    },
    anyFailed: () => failures.size > 0,
    nextTryMs: () =>
      failures.size === 0 ? null : Math.min(...[...failures.values()].map(({ untilMs }) => untilMs)),
  };
}
