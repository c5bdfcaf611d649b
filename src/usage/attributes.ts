/**
 * The fields of a usage beyond the known ones: kept as data, whatever they are called, within bounds. Values
 * come from `JSON.parse`, so `__proto__` is an own property like any other, and stays one.
 */

import { controlCharacter, notWellFormed, textFaults } from './text.ts';
import type { UsageProblemCode } from './usage-problems.ts';

/** UTF-8 bytes of the attributes' JSON text, as `JSON.stringify` writes it. */
export const attributesBytesMax = 4096;
/** Objects and arrays around a value, the usage itself (and so the stored jsonb object) being level 1. */
export const attributesLevelsMax = 16;

/** Whether a field is one of the four that have a column of their own. */
export function isKnownField(key: string): boolean {
  return key === 'patientId' || key === 'medication' || key === 'timestamp' || key === 'id';
}

/** Bits beside those of `textFaults`. */
const numberOutOfRange = 4;
const tooDeep = 8;
const tooLarge = 16;

const codeOfFault: readonly [bit: number, code: UsageProblemCode][] = [
  [notWellFormed, 'text_not_well_formed'],
  [controlCharacter, 'text_control_character'],
  [numberOutOfRange, 'number_out_of_range'],
  [tooDeep, 'attributes_depth'],
  [tooLarge, 'attributes_size'],
];

/**
 * The attributes of a usage as JSON text, null where there are none, or what is wrong with them as bits
 * (see `attributesProblems`). Where they nest too deep, what lies deeper is not looked at, nor is the size.
 */
export function attributesOf(usage: object): string | null | number {
  let faults = 0;
  let any = false;
  for (const key in usage) {
    if (isKnownField(key)) continue;
    any = true;
    faults |= textFaults(key) | valueFaults((usage as Record<string, unknown>)[key], 1);
  }
  if (!any) return null;
  // Text first: JSON.stringify recurses, so it must not see what nests too deep.
  if (faults & tooDeep) return faults;
  const text = attributesText(usage as Record<string, unknown>);
  if (!fits(text)) faults |= tooLarge;
  return faults === 0 ? text : faults;
}

/** The codes of faults, each once. */
export function attributesProblems(faults: number): UsageProblemCode[] {
  return codeOfFault.filter(([bit]) => faults & bit).map(([, code]) => code);
}

/** What is wrong within a value that `level` objects and arrays surround. Recursion ends at the levels' bound. */
function valueFaults(value: unknown, level: number): number {
  if (typeof value === 'string') return textFaults(value);
  if (typeof value === 'number') return isInRange(value) ? 0 : numberOutOfRange;
  if (typeof value !== 'object' || value === null) return 0;
  if (level === attributesLevelsMax) return tooDeep;
  let faults = 0;
  if (Array.isArray(value)) {
    for (const item of value) faults |= valueFaults(item, level + 1);
    return faults;
  }
  for (const key in value)
    faults |= textFaults(key) | valueFaults((value as Record<string, unknown>)[key], level + 1);
  return faults;
}

/** A double from 2^53 on has lost the digits that were sent, so it counts as an integer out of range. */
function isInRange(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
}

/** What JSON.stringify writes for the usage without its known fields. A rest pattern does the same at thrice the cost. */
function attributesText(usage: Record<string, unknown>): string {
  const attributes: Record<string, unknown> = {};
  for (const key in usage) {
    if (isKnownField(key)) continue;
    if (key === '__proto__') defineOwn(attributes, key, usage[key]);
    else attributes[key] = usage[key];
  }
  return JSON.stringify(attributes);
}

/** Assigning to `__proto__` would set the prototype; defining it makes a field like any other. */
function defineOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function fits(text: string): boolean {
  if (text.length > attributesBytesMax) return false;
  // A UTF-16 unit takes at most three bytes of UTF-8.
  return text.length * 3 <= attributesBytesMax || Buffer.byteLength(text) <= attributesBytesMax;
}
