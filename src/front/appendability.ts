/** Whether this front can append durably: asked for every request, told at every change. */

import type { LogAppender } from '../log/log.ts';
import { type Refusal, releasedAtMs } from './admission.ts';

export interface Appendability {
  /** Null while this front can append. */
  refusal(): Refusal | null;
  /** Looks again, and tells a change. `nowMs` is of the monotonic clock. */
  check(nowMs: number): void;
}

export function createAppendability(options: {
  appender: LogAppender;
  /** False while nobody can be judged, because the API keys are not known yet. */
  isKnowingKeys(): boolean;
  /** The clock, epoch milliseconds. */
  now: () => number;
  /** For how long the oldest row has been waiting, milliseconds; hung beyond `timeoutMs`. */
  oldestWaitingMs(nowMs: number): number;
  timeoutMs: number;
  /** At the first check, then at every change; `reason` is empty while it can. */
  onChange(appendable: boolean, reason: string): void;
}): Appendability {
  const { appender, isKnowingKeys, now, oldestWaitingMs, timeoutMs, onChange } = options;
  let told: boolean | null = null;

  function refusal(): Refusal | null {
    if (now() < releasedAtMs) return 'clock_wrong';
    if (!isKnowingKeys()) return 'keys_unavailable';
    return appender.writable ? null : 'log_unavailable';
  }

  function reason(nowMs: number): string {
    const refused = refusal();
    if (refused === 'clock_wrong') return 'the clock is before the release date of this version';
    if (refused === 'keys_unavailable') return 'the API keys are not known yet';
    if (refused !== null) return 'the log is not writable';
    return oldestWaitingMs(nowMs) > timeoutMs ? 'an append has not finished in time' : '';
  }

  return {
    refusal,
    check(nowMs) {
      const why = reason(nowMs);
      const appendable = why === '';
      if (appendable === told) return;
      told = appendable;
      onChange(appendable, why);
    },
  };
}
