/**
 * From what `JSON.parse` gave to a usage, by a pass specialised from the schema (docs/openapi/usage-schema.ts): measured, zod takes over three
 * times as long for a usage that is valid, and over fifteen times for one that is not, which a hostile client has
 * for two bytes.
 * A property test holds the two to the same result.
 */

import { attributesOf, attributesProblems } from './attributes.ts';
import { medicationLengthMax, patientIdLengthMax, uuidPattern } from './limits.ts';
import { controlCharacter, hasLength, notWellFormed, textFaults } from './text.ts';
import { parseTimestamp } from './timestamp.ts';
import type { Usage, UsageProblem } from './usage.ts';
import type { UsageProblemCode } from './usage-problems.ts';

/**
 * The usage, or everything that is wrong with it: at least one problem, in the order of the fields, those of the
 * attributes last, with the usage itself as pointer because keys may be health data too.
 * @param value what `JSON.parse` gave: plain objects, no accessors, no cycles
 * @param nowMs the clock, epoch milliseconds
 */
export function validateUsage(value: unknown, nowMs: number): Usage | UsageProblem[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [{ code: 'not_an_object', pointer: '' }];
  const { patientId, medication, timestamp, id } = value as Fields;
  const usedAt = parseTimestamp(timestamp, nowMs);
  const attributes = attributesOf(value);
  if (
    !isPatientId(patientId) ||
    !isText(medication, medicationLengthMax) ||
    typeof usedAt === 'string' ||
    !(id === undefined || isUuid(id)) ||
    typeof attributes === 'number'
  )
    return problemsOf(value as Fields, nowMs);
  return {
    id: id === undefined ? null : id.toLowerCase(),
    patientId: String(patientId),
    medication,
    usedAtMs: usedAt.ms,
    utcOffsetMinutes: usedAt.utcOffsetMinutes,
    attributes,
  };
}

interface Fields {
  readonly patientId?: unknown;
  readonly medication?: unknown;
  readonly timestamp?: unknown;
  readonly id?: unknown;
}

function isPatientId(value: unknown): value is string | number {
  return isText(value, patientIdLengthMax) || Number.isSafeInteger(value);
}

function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && hasLength(value, lengthMax) && textFaults(value) === 0;
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && uuidPattern.test(value);
}

/** Everything that is wrong with an invalid usage. */
function problemsOf(fields: Fields, nowMs: number): UsageProblem[] {
  const problems: UsageProblem[] = [];
  const add = (pointer: string, codes: readonly UsageProblemCode[]) => {
    for (const code of codes) problems.push({ code, pointer });
  };
  add('/patientId', patientIdProblems(fields.patientId));
  add('/medication', medicationProblems(fields.medication));
  add('/timestamp', timestampProblems(fields.timestamp, nowMs));
  if (fields.id !== undefined && !isUuid(fields.id)) add('/id', ['id_format']);
  const attributes = attributesOf(fields);
  if (typeof attributes === 'number') add('', attributesProblems(attributes));
  return problems;
}

function patientIdProblems(value: unknown): UsageProblemCode[] {
  if (value === undefined) return ['required'];
  if (typeof value === 'string') return textProblems(value, patientIdLengthMax, 'patient_id_length');
  return Number.isSafeInteger(value) ? [] : ['patient_id_type'];
}

function medicationProblems(value: unknown): UsageProblemCode[] {
  if (value === undefined) return ['required'];
  if (typeof value !== 'string') return ['medication_type'];
  return textProblems(value, medicationLengthMax, 'medication_length');
}

function timestampProblems(value: unknown, nowMs: number): UsageProblemCode[] {
  if (value === undefined) return ['required'];
  const timestamp = parseTimestamp(value, nowMs);
  return typeof timestamp === 'string' ? [timestamp] : [];
}

function textProblems(text: string, lengthMax: number, lengthCode: UsageProblemCode): UsageProblemCode[] {
  const codes: UsageProblemCode[] = [];
  if (!hasLength(text, lengthMax)) codes.push(lengthCode);
  const faults = textFaults(text);
  if (faults & notWellFormed) codes.push('text_not_well_formed');
  if (faults & controlCharacter) codes.push('text_control_character');
  return codes;
}
