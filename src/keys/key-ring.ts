/**
 * The keys that a front knows, and its judgement of what a request presents. Asked for every request, so the usual case
 * costs one look-up by id and one comparison.
 *
 * Secrets are compared in constant time: how long a refusal takes tells nothing of how much of a secret was right. The
 * id is no secret.
 */

import { timingSafeEqual } from 'node:crypto';
import { idEnd, idStart, parseApiKey } from './api-key.ts';
import type { KnownKey } from './key-file.ts';
import { RateLimit } from './rate-limit.ts';

/** Codes of problems of the whole request. */
export type KeyRefusal = 'key_missing' | 'key_unknown' | 'key_revoked' | 'key_expired';

interface Entry {
  readonly id: string;
  readonly number: number;
  readonly secretSha256: Buffer;
  readonly expiresAtMs: number;
  readonly isRevoked: boolean;
  readonly limit: RateLimit | null;
  /** The text that was found right last: whoever presents it again is not hashed again. */
  presented: string;
}

/** Which key a request came with. */
export interface JudgedKey {
  readonly id: string;
  readonly number: number;
  /** Null where it may send as much as it likes. */
  readonly limit: RateLimit | null;
}

export class KeyRing {
  #entries = new Map<string, Entry>();
  /** By the numbers of their keys. */
  #limits = new Map<number, RateLimit | null>();

  /**
   * From now on these are the keys. A limit that stays the same keeps what was charged.
   * @param nowMs the monotonic clock
   */
  replace(keys: readonly KnownKey[], nowMs: number): void {
    const before = this.#entries;
    this.#entries = new Map(
      keys.map((key) => [
        key.id,
        {
          id: key.id,
          number: key.number,
          secretSha256: Buffer.from(key.secretSha256, 'hex'),
          expiresAtMs: key.expiresAtMs ?? Number.POSITIVE_INFINITY,
          isRevoked: key.isRevoked,
          limit: limitOf(key, before.get(key.id)?.limit ?? null, nowMs),
          presented: '',
        },
      ]),
    );
    this.#limits = new Map([...this.#entries.values()].map(({ number, limit }) => [number, limit]));
  }

  /** Another front took usages that came with this key. `nowMs` is of the monotonic clock. */
  chargedElsewhere(number: number, usages: number, nowMs: number): void {
    this.#limits.get(number)?.charge(usages, nowMs);
  }

  /**
   * @param text what the request presents, '' where nothing
   * @param nowMs the clock, epoch milliseconds
   */
  judge(text: string, nowMs: number): JudgedKey | KeyRefusal {
    if (text === '') return 'key_missing';
    const entry = this.#entries.get(text.slice(idStart, idEnd));
    if (!entry || !isRight(entry, text)) return 'key_unknown';
    if (entry.isRevoked) return 'key_revoked';
    return nowMs < entry.expiresAtMs ? entry : 'key_expired';
  }
}

function limitOf(key: KnownKey, before: RateLimit | null, nowMs: number): RateLimit | null {
  if (key.rate === null) return null;
  const burst = key.burst ?? key.rate;
  return before?.rate === key.rate && before.burst === burst ? before : new RateLimit(key.rate, burst, nowMs);
}

function isRight(entry: Entry, text: string): boolean {
  if (isSameText(entry.presented, text)) return true;
  const key = parseApiKey(text);
  if (key?.id !== entry.id || !timingSafeEqual(key.secretSha256, entry.secretSha256)) return false;
  entry.presented = text;
  return true;
}

/** In a time that depends on the lengths alone. */
function isSameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
