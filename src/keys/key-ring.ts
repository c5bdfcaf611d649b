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

/** Codes of problems of the whole request. */
export type KeyRefusal = 'key_missing' | 'key_unknown' | 'key_revoked' | 'key_expired';

interface Entry {
  readonly id: string;
  readonly number: number;
  readonly secretSha256: Buffer;
  readonly expiresAtMs: number;
  readonly isRevoked: boolean;
  /** The text that was found right last: whoever presents it again is not hashed again. */
  presented: string;
}

/** Which key a request came with. */
export interface JudgedKey {
  readonly id: string;
  readonly number: number;
}

export class KeyRing {
  #entries = new Map<string, Entry>();

  /** From now on these are the keys. */
  replace(keys: readonly KnownKey[]): void {
    this.#entries = new Map(
      keys.map((key) => [
        key.id,
        {
          id: key.id,
          number: key.number,
          secretSha256: Buffer.from(key.secretSha256, 'hex'),
          expiresAtMs: key.expiresAtMs ?? Number.POSITIVE_INFINITY,
          isRevoked: key.isRevoked,
          presented: '',
        },
      ]),
    );
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
