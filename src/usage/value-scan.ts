/**
 * Where a JSON value ends, found in its bytes without decoding or parsing them, and whether it is larger than a usage
 * may be. What it holds is `JSON.parse`'s matter: the end found is right for every text that is JSON, and for any other
 * there is one too. It can stop anywhere and go on later, so that no value holds the event loop for long.
 */

import { attributesLevelsMax } from './attributes.ts';
import { usageBytesMax, usageSentBytesMax } from './limits.ts';

const [space, tab, lineFeed, carriageReturn] = [0x20, 0x09, 0x0a, 0x0d];
const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [bracketOpen, bracketClose, braceOpen, braceClose] = [0x5b, 0x5d, 0x7b, 0x7d];

/** What a byte is outside of strings; 0 is any other. */
const blank = 1;
const open = 2;
const close = 3;
const kinds = new Uint8Array(256);
for (const byte of [space, tab, lineFeed, carriageReturn]) kinds[byte] = blank;
for (const byte of [bracketOpen, braceOpen]) kinds[byte] = open;
for (const byte of [bracketClose, braceClose]) kinds[byte] = close;

/** Where the scan is: before the value, in it, in a string of it, behind it. */
const before = 0;
const inside = 1;
const inString = 2;
const behind = 3;

export type ValueExcess = 'attributes_size' | 'attributes_depth' | 'not_an_object';

export class ValueScan {
  /** The next byte to look at. */
  at = 0;
  /** The first byte of the value; where there is no value, `end` is the same. */
  start = 0;
  /** Behind the value. */
  end = 0;
  /** The first limit passed; null where none is. */
  excess: ValueExcess | null = null;
  #state = before;
  #depth = 0;
  /** Bytes of the value but the blanks between its parts. */
  #solidBytes = 0;

  begin(at: number): void {
    this.at = at;
    this.excess = null;
    this.#state = before;
    this.#depth = 0;
    this.#solidBytes = 0;
  }

  /**
   * Looks at the bytes up to `until`.
   * @returns true where it has come to what stands behind the value and the blanks around it: a comma, a bracket, or
   *   anything else that is no part of it
   */
  run(bytes: Uint8Array, until: number): boolean {
    while (this.at < until) {
      if (this.#state === inString) this.#runString(bytes, until);
      else if (this.#state === inside) this.#runInside(bytes, until);
      else if (this.#runBlanks(bytes, until)) return true;
      if (this.excess === null) this.#judge(bytes);
    }
    return false;
  }

  /** The value ends where the bytes do. @returns whether it is whole as far as brackets and quotes go */
  finish(): boolean {
    if (this.#state === before) this.start = this.at;
    if (this.#state !== behind) this.end = this.at;
    return this.#state !== inString && this.#depth === 0;
  }

  /** @returns whether it has come to the end of the blanks behind the value */
  #runBlanks(bytes: Uint8Array, until: number): boolean {
    let at = this.at;
    while (at < until && kinds[bytes[at]!] === blank) at++;
    this.at = at;
    if (at === until) return false;
    if (this.#state === behind) return true;
    this.start = at;
    const byte = bytes[at]!;
    if (byte === comma || kinds[byte] === close) {
      this.#endAt(at);
      return true;
    }
    this.#state = inside;
    return false;
  }

  /** Outside of strings. */
  #runInside(bytes: Uint8Array, until: number): void {
    let at = this.at;
    let solid = 0;
    while (at < until) {
      const byte = bytes[at]!;
      const kind = kinds[byte];
      if (this.#depth === 0 && (kind === blank || kind === close || byte === comma)) {
        this.#endAt(at);
        break;
      }
      at++;
      if (kind === blank) continue;
      solid++;
      if (byte === quote) {
        this.#state = inString;
        break;
      }
      if (kind === open) {
        this.#depth++;
        if (this.#depth > attributesLevelsMax && this.excess === null) break;
      } else if (kind === close) {
        this.#depth--;
        if (this.#depth === 0) {
          this.#endAt(at);
          break;
        }
      }
    }
    this.#solidBytes += solid;
    this.at = at;
  }

  #runString(bytes: Uint8Array, until: number): void {
    let at = this.at;
    while (at < until) {
      const byte = bytes[at]!;
      if (byte === quote) {
        at++;
        this.#state = inside;
        // A string that is the value itself.
        if (this.#depth === 0) this.#endAt(at);
        break;
      }
      // What is escaped is looked over, be it beyond `until`.
      at += byte === backslash ? 2 : 1;
    }
    this.#solidBytes += at - this.at;
    this.at = at;
  }

  #endAt(at: number): void {
    this.end = at;
    this.#state = behind;
  }

  #judge(bytes: Uint8Array): void {
    const end = this.#state === behind ? this.end : this.at;
    const isDeep = this.#depth > attributesLevelsMax;
    if (
      this.#state === before ||
      (!isDeep && this.#solidBytes <= usageBytesMax && end - this.start <= usageSentBytesMax)
    )
      return;
    if (bytes[this.start] !== braceOpen) this.excess = 'not_an_object';
    else this.excess = isDeep ? 'attributes_depth' : 'attributes_size';
  }
}
