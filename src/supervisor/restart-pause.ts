/** The pauses between restarts: the first is short, for what died by accident; each doubles, up to a cap. */

export interface RestartPause {
  /** The pause before the next restart, in milliseconds. */
  next(): number;
  /** What was restarted has proven healthy: the next pause is short again. */
  reset(): void;
}

export const firstPauseMs = 100;
export const pauseMsMax = 10_000;

export function createRestartPause(): RestartPause {
  let pauseMs = firstPauseMs;
  return {
    next() {
      const now = pauseMs;
      pauseMs = Math.min(pauseMs * 2, pauseMsMax);
      return now;
    },
    reset() {
      pauseMs = firstPauseMs;
    },
  };
}
