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

/** Characters and bytes of a UUID as text. */
export const uuidLength = 36;
/** Up to the version's digit. */
const prefixLength = 15;
const hyphen = 0x2d;

/** The three hexadecimal digits of each number below 4,096, in a row. */
const hex3 = Buffer.from(Array.from({ length: 4096 }, (_, n) => n.toString(16).padStart(3, '0')).join(''));
const variantDigit = Buffer.from('89ab');

/** A generator of ids, as text in small letters; `nowMs` is the clock, epoch milliseconds. */
export interface UuidV7 {
  next(nowMs: number): string;
  /** Writes the next one's `uuidLength` bytes to `to`. */
  write(to: Uint8Array, at: number, nowMs: number): void;
}

/** A generator of its own: its ids only grow, and no other's are the same. */
export function createUuidV7(): UuidV7 {
  const pool = new Uint32Array(poolWords);
  const prefix = Buffer.alloc(prefixLength);
  const scratch = Buffer.alloc(uuidLength);
  let drawn = poolWords;
  let ms = -1;
  let counter = 0;

  function moveTo(nextMs: number, seed: number): void {
    ms = nextMs;
    counter = seed;
    const digits = ms.toString(16).padStart(12, '0');
    prefix.write(`${digits.slice(0, 8)}-${digits.slice(8)}-7`, 'latin1');
  }

  function write(to: Uint8Array, at: number, nowMs: number): void {
    if (drawn + wordsPerId > poolWords) {
      randomFillSync(pool);
      drawn = 0;
    }
    const a = pool[drawn++]!;
    const b = pool[drawn++]!;
    const c = pool[drawn++]!;
    if (nowMs > ms) moveTo(nowMs, c & counterSeedMax);
    else if (counter < counterMax) counter++;
    else moveTo(ms + 1, c & counterSeedMax);
    for (let i = 0; i < prefixLength; i++) to[at + i] = prefix[i]!;
    writeHex3(to, at + 15, counter);
    to[at + 18] = hyphen;
    // 62 bits: 26 of a, 24 of b, 12 of c above the seed's.
    to[at + 19] = variantDigit[a & 3]!;
    writeHex3(to, at + 20, (a >>> 2) & 0xfff);
    to[at + 23] = hyphen;
    writeHex3(to, at + 24, (a >>> 14) & 0xfff);
    writeHex3(to, at + 27, b & 0xfff);
    writeHex3(to, at + 30, (b >>> 12) & 0xfff);
    writeHex3(to, at + 33, (c >>> 12) & 0xfff);
  }

  return {
    write,
    next(nowMs) {
      write(scratch, 0, nowMs);
      return scratch.toString('latin1', 0, uuidLength);
    },
  };
}

function writeHex3(to: Uint8Array, at: number, value: number): void {
  const digits = value * 3;
  to[at] = hex3[digits]!;
  to[at + 1] = hex3[digits + 1]!;
  to[at + 2] = hex3[digits + 2]!;
}
