/**
 * The id of a usage that came without one in a request with an `Idempotency-Key`: the same request gives the
 * same ids, so its repetition stores nothing twice; a changed usage gets another.
 */

import { hash } from 'node:crypto';
import type { Usage } from './usage.ts';

/** What makes the ids of a request its own. */
export interface Idempotency {
  /** The caller's API key, null where the server asks for none: two callers never share a scope. */
  readonly apiKey: string | null;
  /** The `Idempotency-Key` header. */
  readonly key: string;
}

export interface IdempotencyScope extends Idempotency {
  /** The usage's place in the request, from 0. */
  readonly index: number;
  readonly usage: Usage;
}

const variantDigits = '89ab';

/** A UUID v8 (RFC 9562 section 5.8): 122 bits of SHA-256. The text hashed is a JSON array, so no two inputs share one. */
export function idempotentId({ apiKey, key, index, usage }: IdempotencyScope): string {
  const text = JSON.stringify([
    apiKey,
    key,
    index,
    usage.patientId,
    usage.usedAtMs,
    usage.medication,
    usage.attributes,
  ]);
  const digest = hash('sha256', text, 'hex');
  const variant = variantDigits[Number.parseInt(digest[16]!, 16) & 3];
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
