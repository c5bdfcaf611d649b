/**
 * An API key as text: `uik_<id>_<secret><check>`. The id (12 characters) names the key and is no secret; the secret (43)
 * is 256 random bits; the check (6) is a CRC-32 of all before it, so that a typo, or a key that leaked into a log, is
 * recognised without a database. All in base 62.
 */

import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const idLength = 12;
const secretLength = 43;
const checkLength = 6;
const pattern = new RegExp(
  `^uik_([0-9A-Za-z]{${idLength}})_([0-9A-Za-z]{${secretLength}})([0-9A-Za-z]{${checkLength}})$`,
);
/** Where the id stands in a key. */
export const idStart = 'uik_'.length;
export const idEnd = idStart + idLength;

export interface ApiKey {
  readonly id: string;
  /** SHA-256 of the secret: 32 bytes. All that is ever kept of it. */
  readonly secretSha256: Buffer;
}

/** A new key; `text` is shown once and kept nowhere. */
export function makeApiKey(): ApiKey & { readonly text: string } {
  const id = randomText(idLength);
  const secret = randomText(secretLength);
  const body = `uik_${id}_${secret}`;
  return { id, secretSha256: secretHash(secret), text: body + checkOf(body) };
}

/** Null where the text is no key: of another form, or with a typo, which its check gives away. */
export function parseApiKey(text: string): ApiKey | null {
  const match = pattern.exec(text);
  if (!match) return null;
  const [, id, secret, check] = match;
  if (checkOf(`uik_${id}_${secret}`) !== check) return null;
  return { id: id!, secretSha256: secretHash(secret!) };
}

/** Plain SHA-256 is enough: what it hides is 256 random bits, not a word that could be guessed. */
function secretHash(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

function checkOf(text: string): string {
  let value = crc32(text);
  let check = '';
  for (let i = 0; i < checkLength; i++) {
    check = alphabet[value % 62]! + check;
    value = Math.floor(value / 62);
  }
  return check;
}

/** Each character equally likely: bytes beyond the last whole multiple of 62 are drawn again. */
function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 248 && text.length < length) text += alphabet[byte % 62];
    }
  }
  return text;
}
