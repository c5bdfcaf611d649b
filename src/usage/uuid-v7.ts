/**
 * Ids for usages that came without one: UUID v7 (RFC 9562 section 5.7), whose order in time keeps the database's
 * index local. Random bytes are drawn in pools, which costs a tenth of a call an id.
 *
 *     48 bits  Unix milliseconds
 *      4 bits  version, 7
 *     12 bits  counter (section 6.2, method 1): seeded below half at each new millisecond, so that it has room
 *      2 bits  variant
 *     62 bits  random, drawn anew for every id: unique across processes, hosts and clock steps
 *
 * Within one generator ids only grow: while the clock stands still or has stepped back, the counter goes on from
 * the latest millisecond, and its overflow borrows the next one.
 */

import { randomFillSync } from 'node:crypto';

const poolWords = 1024;
const wordsPerId = 3;
const counterMax = 0xfff;
const counterSeedMax = 0x7ff;

const hex3 = Array.from({ length: 4096 }, (_, n) => n.toString(16).padStart(3, '0'));
const variantDigit = ['8', '9', 'a', 'b'];

/** A generator of its own; `now` gives epoch milliseconds. */
export function createUuidV7(now: () => number = Date.now): () => string {
  const pool = new Uint32Array(poolWords);
  let drawn = poolWords;
  let ms = -1;
  let counter = 0;
  let prefix = '';

  function moveTo(nextMs: number, seed: number): void {
    ms = nextMs;
    counter = seed;
    const digits = ms.toString(16).padStart(12, '0');
    prefix = `${digits.slice(0, 8)}-${digits.slice(8)}-7`;
  }

  return function uuidV7(): string {
    if (drawn + wordsPerId > poolWords) {
      randomFillSync(pool);
      drawn = 0;
    }
    const a = pool[drawn++]!;
    const b = pool[drawn++]!;
    const c = pool[drawn++]!;
    const nowMs = now();
    if (nowMs > ms) moveTo(nowMs, c & counterSeedMax);
    else if (counter < counterMax) counter++;
    else moveTo(ms + 1, c & counterSeedMax);
    // 62 bits: 26 of a, 24 of b, 12 of c above the seed's.
    return `${prefix}${hex3[counter]}-${variantDigit[a & 3]}${hex3[(a >>> 2) & 0xfff]}-${hex3[(a >>> 14) & 0xfff]}${hex3[b & 0xfff]}${hex3[(b >>> 12) & 0xfff]}${hex3[(c >>> 12) & 0xfff]}`;
  };
}
