/**
 * From what `JSON.parse` gave to a usage. What is valid takes a pass specialised from the schema (measured at a
 * fifth of zod's time); whatever that does not take goes through zod, which decides and names every problem. A property
 * test holds the two to the same result.
 */

import type { UsageProblemCode } from '../errors/http-problems.ts';
import { attributesOf, attributesProblems } from './attributes.ts';
import { createUsageSchema, medicationLengthMax, patientIdLengthMax, uuidPattern } from './schema.ts';
import { hasLength, textFaults } from './text.ts';
import { parseTimestamp } from './timestamp.ts';
import type { Usage, UsageProblem } from './usage.ts';

/**
 * The usage, or everything that is wrong with it: at least one problem, in the order of the fields, those of the
 * attributes last, with the usage itself as pointer because keys may be health data too.
 * @param value what `JSON.parse` gave: plain objects, no accessors, no cycles
 * @param nowMs the clock, epoch milliseconds
 */
export function validateUsage(value: unknown, nowMs: number): Usage | UsageProblem[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const usage = validUsage(value as Fields, nowMs);
    if (usage !== null) return usage;
  }
  return validateUsageBySchema(value, nowMs);
}

interface Fields {
  readonly patientId?: unknown;
  readonly medication?: unknown;
  readonly timestamp?: unknown;
  readonly id?: unknown;
}

/** The specialised pass: null is "not surely valid", and the schema decides. */
function validUsage(fields: Fields, nowMs: number): Usage | null {
  const { patientId, medication, timestamp, id } = fields;
  let patient: string;
  if (typeof patientId === 'string' && isText(patientId, patientIdLengthMax)) patient = patientId;
  else if (Number.isSafeInteger(patientId)) patient = String(patientId);
  else return null;
  if (typeof medication !== 'string' || !isText(medication, medicationLengthMax)) return null;
  const usedAt = parseTimestamp(timestamp, nowMs);
  if (typeof usedAt === 'string') return null;
  let lowerCaseId: string | null = null;
  if (id !== undefined) {
    if (typeof id !== 'string' || !uuidPattern.test(id)) return null;
    lowerCaseId = id.toLowerCase();
  }
  const attributes = attributesOf(fields);
  if (typeof attributes === 'number') return null;
  return {
    id: lowerCaseId,
    patientId: patient,
    medication,
    usedAtMs: usedAt.ms,
    utcOffsetMinutes: usedAt.utcOffsetMinutes,
    attributes,
  };
}

function isText(text: string, lengthMax: number): boolean {
  return hasLength(text, lengthMax) && textFaults(text) === 0;
}

/** What `schema` reads as now. Parsing is synchronous, so one clock serves all. */
let schemaNowMs = 0;
const schema = createUsageSchema(() => schemaNowMs);

/** As `validateUsage`, by the schema alone. */
export function validateUsageBySchema(value: unknown, nowMs: number): Usage | UsageProblem[] {
  schemaNowMs = nowMs;
  const parsed = schema.safeParse(value);
  const problems: UsageProblem[] = [];
  for (const issue of parsed.error?.issues ?? [])
    problems.push({
      code: issue.message as UsageProblemCode,
      pointer: issue.path.length === 0 ? '' : `/${String(issue.path[0])}`,
    });
  if (problems[0]?.code === 'not_an_object') return problems;
  // From the value as sent: zod leaves `__proto__` out of what it gives.
  const attributes = attributesOf(value as object);
  if (typeof attributes === 'number')
    for (const code of attributesProblems(attributes)) problems.push({ code, pointer: '' });
  if (!parsed.success || typeof attributes === 'number') return problems;
  const { id, patientId, medication, timestamp } = parsed.data;
  return {
    id: id ?? null,
    patientId,
    medication,
    usedAtMs: timestamp.ms,
    utcOffsetMinutes: timestamp.utcOffsetMinutes,
    attributes,
  };
}
