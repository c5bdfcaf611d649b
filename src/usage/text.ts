/**
 * What every string of a usage keeps to, keys and nested ones too: well-formed Unicode (no lone surrogate) and
 * no control character (category Cc: C0 with NUL, DEL, C1). Postgres would refuse some of them; none is data.
 */

/** Bits of `textFaults`. */
export const notWellFormed = 1;
export const controlCharacter = 2;

const anyControlCharacter = /\p{Cc}/u;

/** What is wrong with a text, as bits; 0 where nothing is. */
export function textFaults(text: string): number {
  return (text.isWellFormed() ? 0 : notWellFormed) | (anyControlCharacter.test(text) ? controlCharacter : 0);
}

/** Whether a text has 1 to `max` code points; a lone surrogate counts as one. */
export function hasLength(text: string, max: number): boolean {
  const units = text.length;
  if (units <= max) return units > 0;
  if (units > 2 * max) return false;
  let points = 0;
  for (const _ of text) points++;
  return points <= max;
}
