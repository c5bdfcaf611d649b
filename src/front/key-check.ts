/** Who may send: the key that a request came with, where the server asks for one. */

import type { Settings } from '../config/settings.ts';
import { keptKeysPath } from '../keys/key-file.ts';
import { type JudgedKey, KeyRing } from '../keys/key-ring.ts';
import { followKeyFile } from '../keys/known-keys.ts';
import { keysAreRequired } from '../keys/required.ts';
import type { Logger } from '../observability/logger.ts';
import { createTrouble } from '../observability/told.ts';
import type { Charges } from '../role/messages.ts';
import type { Exchange } from './exchange.ts';
import type { Replies } from './replies.ts';
import type { RequestHead } from './request-head.ts';

/** The key; null where none is asked for; undefined where the request was refused. */
export type KeyVerdict = JudgedKey | null | undefined;

export interface KeyCheck {
  readonly isRequired: boolean;
  /** False while no keys were ever known, not even that there are none: nobody can be judged then. */
  readonly isKnowing: boolean;
  check(exchange: Exchange, head: Readonly<RequestHead>): KeyVerdict;
  /** The usages of a request beyond the first, which `check` charged. */
  chargeRest(key: JudgedKey, usages: number): void;
  /** What was charged here since it was asked last. */
  takeCharges(): Charges;
  chargedElsewhere(charges: Charges): void;
  start(): Promise<void>;
  stop(): void;
}

const noCheck: KeyCheck = {
  isRequired: false,
  isKnowing: true,
  check: () => null,
  chargeRest() {},
  takeCharges: () => [],
  chargedElsewhere() {},
  start: async () => {},
  stop() {},
};

export function createKeyCheck(options: {
  settings: Settings;
  logger: Logger;
  replies: Replies;
  /** The clock, epoch milliseconds. */
  now: () => number;
}): KeyCheck {
  const { settings, logger, replies, now } = options;
  if (!keysAreRequired(settings)) return noCheck;
  const ring = new KeyRing();
  let charges = new Map<number, number>();
  let isKnowing = false;
  const file = followKeyFile({
    path: settings.USAGE_KEYS_FILE ?? keptKeysPath(settings.DATA_DIR),
    onKeys(keys) {
      ring.replace(keys, performance.now());
      isKnowing = true;
    },
    trouble: createTrouble(logger, 'keys_unknown'),
  });
  function charge({ number, limit }: JudgedKey, usages: number): void {
    charges.set(number, (charges.get(number) ?? 0) + usages);
    limit?.charge(usages, performance.now());
  }

  return {
    isRequired: true,
    get isKnowing() {
      return isKnowing;
    },
    check(exchange, head) {
      if (!isKnowing) {
        replies.shed(exchange, 'keys_unavailable');
        return undefined;
      }
      const judged = head.credentials > 1 ? 'key_unknown' : ring.judge(head.credential, now());
      if (typeof judged === 'string') {
        replies.refuse(exchange, judged);
        return undefined;
      }
      exchange.limit = judged.limit;
      const waitMs = judged.limit?.waitMs(exchange.startedMs) ?? 0;
      if (waitMs > 0) {
        replies.limit(exchange, waitMs);
        return undefined;
      }
      charge(judged, 1);
      return judged;
    },
    chargeRest(key, usages) {
      if (usages > 1) charge(key, usages - 1);
    },
    takeCharges() {
      const taken = [...charges];
      charges = new Map();
      return taken;
    },
    chargedElsewhere(from) {
      const nowMs = performance.now();
      for (const [number, usages] of from) ring.chargedElsewhere(number, usages, nowMs);
    },
    start: file.start,
    stop: file.stop,
  };
}
