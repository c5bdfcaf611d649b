/** States that are told when they change, and not again while they stay. */

import { type TroubleEvent, troubles } from './log-events.ts';
import type { Logger } from './logger.ts';

/** Calls `tell` with each state that is another than the one before; `first` counts as told. */
export function onChange<S, D extends unknown[]>(
  first: S,
  tell: (state: S, ...details: D) => void,
): (state: S, ...details: D) => void {
  let told = first;
  return (state, ...details) => {
    if (state === told) return;
    told = state;
    tell(state, ...details);
  };
}

/** One thing that fails and is tried again: a line when it begins to fail, and one when that is over. */
export interface Trouble {
  failed(error: unknown): void;
  /** It works, whether or not it had failed before. */
  over(): void;
}

/** @param fields stand on both lines: which partition, say */
export function createTrouble(logger: Logger, began: TroubleEvent, fields: object = {}): Trouble {
  const { level, over } = troubles[began];
  const tell = onChange<boolean, [unknown?]>(false, (failing, error) => {
    if (failing) logger[level](began, { ...fields, err: error });
    else logger.info(over, fields);
  });
  return { failed: (error) => tell(true, error), over: () => tell(false) };
}
