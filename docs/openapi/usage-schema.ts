/**
 * A usage as clients send it, in zod: the API's description is generated from it. Requests are judged by
 * `src/usage/validate.ts` and `plain-usage.ts`; property tests hold all three to the same verdicts. Every zod message
 * is the code of a problem.
 */

import { z } from 'zod';
import { attributesBytesMax, attributesLevelsMax } from '../../src/usage/attributes.ts';
import { medicationLengthMax, patientIdLengthMax, uuidPattern } from '../../src/usage/limits.ts';
import { controlCharacter, hasLength, notWellFormed, textFaults } from '../../src/usage/text.ts';
import { parseTimestamp, usedAtMsMin } from '../../src/usage/timestamp.ts';
import type { UsageProblemCode } from '../../src/usage/usage-problems.ts';
import { dateStringPattern, rfc3339Pattern, textPattern, utcStringPattern } from './text-patterns.ts';

/** The code of a missing field, or of one of the wrong type. */
function typeError(code: UsageProblemCode) {
  return (issue: { input?: unknown }) => (issue.input === undefined ? 'required' : code);
}

function text(lengthMax: number, typeCode: UsageProblemCode, lengthCode: UsageProblemCode) {
  return z
    .string({ error: typeError(typeCode) })
    .refine((value) => hasLength(value, lengthMax), { error: lengthCode })
    .refine((value) => !(textFaults(value) & notWellFormed), { error: code('text_not_well_formed') })
    .refine((value) => !(textFaults(value) & controlCharacter), { error: code('text_control_character') })
    .meta({ minLength: 1, maxLength: lengthMax, pattern: textPattern });
}

/** The forms of a timestamp. All texts are read by `parseTimestamp`; what tells them apart here is for the description. */
const timestampForms = [
  z.string().meta({
    title: 'RFC 3339',
    pattern: rfc3339Pattern,
    description:
      'With `T` or a space; seconds and fraction optional, cut to milliseconds; zone optional (`-05:00`, `-0500`, a space before it allowed). A time without a zone is UTC. `:60` only where a leap second may be.',
  }),
  z.string().meta({
    title: "JavaScript's Date.prototype.toString",
    pattern: dateStringPattern,
    description: "The weekday fits the date. The zone's name in parentheses is optional.",
  }),
  z.string().meta({
    title: "JavaScript's Date.prototype.toUTCString",
    pattern: utcStringPattern,
    description: 'The weekday fits the date.',
  }),
  z.number().meta({
    title: 'Epoch milliseconds',
    minimum: usedAtMsMin,
    description: 'A fraction is cut.',
  }),
] as const;

/** The fields that have a column of their own; every other one is kept as data (see `attributes.ts`). */
export function createUsageSchema(nowMs: () => number) {
  return z
    .looseObject(
      {
        patientId: z
          .union(
            [
              text(patientIdLengthMax, 'patient_id_type', 'patient_id_length'),
              z
                .number()
                .refine(Number.isSafeInteger, { error: code('patient_id_type') })
                .meta({
                  type: 'integer',
                  minimum: Number.MIN_SAFE_INTEGER,
                  maximum: Number.MAX_SAFE_INTEGER,
                }),
            ],
            { error: typeError('patient_id_type') },
          )
          .transform(String)
          .describe('Who used it; 100 and "100" are one patient.'),
        medication: text(medicationLengthMax, 'medication_type', 'medication_length').describe(
          'What was used.',
        ),
        timestamp: z
          .union(timestampForms, { error: typeError('timestamp_format') })
          .transform((value, context) => {
            const timestamp = parseTimestamp(value, nowMs());
            if (typeof timestamp !== 'string') return timestamp;
            context.issues.push({ code: 'custom', input: value, message: timestamp });
            return z.NEVER;
          })
          .describe(
            "When it was used. From 2000-01-01 to 24 hours from now. The sender's zone is kept; `Z`, `-00:00`, `GMT` alone, none and epoch milliseconds say that it is unknown.",
          ),
        id: z
          .string({ error: code('id_format') })
          .regex(uuidPattern, { error: code('id_format') })
          .toLowerCase()
          .meta({ format: 'uuid' })
          .optional()
          .describe("The device's own UUID, which makes a retry safe; null is refused."),
      },
      { error: code('not_an_object') },
    )
    .describe(
      `One use of a medication. Fields beyond these are kept as data: at most ${attributesBytesMax} bytes of JSON and ${attributesLevelsMax} levels a usage. All text is well-formed Unicode without control characters, keys too.`,
    );
}

/** A field beyond the known ones, as far as a schema can say it: what checks it is `attributes.ts`. */
export const attributeSchema: z.ZodType = z
  .lazy(() =>
    z.union([
      z.string().meta({ pattern: textPattern }),
      z.number().meta({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
      z.boolean(),
      z.null(),
      z.array(attributeSchema),
      z.record(z.string().meta({ pattern: textPattern }), attributeSchema),
    ]),
  )
  .meta({ id: 'Attribute', description: 'Any JSON. Integers lie within ±(2^53 - 1).' });

/** With the machine's clock. */
export const usageSchema = createUsageSchema(Date.now);

/** Holds a message to the table of codes. */
function code<C extends UsageProblemCode>(value: C): C {
  return value;
}
