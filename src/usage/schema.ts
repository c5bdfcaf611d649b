/**
 * A usage as clients send it: the one truth of what is accepted, and what the API's description is generated
 * from. Every zod message is the code of a problem. `validate.ts` is a faster way to the same result, held by a property test.
 */

import { z } from 'zod';
import type { UsageProblemCode } from '../errors/http-problems.ts';
import { controlCharacter, hasLength, notWellFormed, textFaults } from './text.ts';
import { parseTimestamp } from './timestamp.ts';

/** Code points. */
export const patientIdLengthMax = 128;
/** Code points. */
export const medicationLengthMax = 256;
/** Any UUID in the text form of RFC 9562 section 4, in either case, whatever its version and variant. */
export const uuidPattern = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

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
    .meta({ minLength: 1, maxLength: lengthMax });
}

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
          .union([z.string(), z.number()], { error: typeError('timestamp_format') })
          .transform((value, context) => {
            const timestamp = parseTimestamp(value, nowMs());
            if (typeof timestamp !== 'string') return timestamp;
            context.issues.push({ code: 'custom', input: value, message: timestamp });
            return z.NEVER;
          })
          .describe(
            "When it was used: RFC 3339, what JavaScript's Date.prototype.toString or toUTCString prints, or epoch milliseconds as a number. From 2000-01-01 to 24 hours from now.",
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
    .describe('One use of a medication. Fields beyond these are kept as data.');
}

/** With the machine's clock. */
export const usageSchema = createUsageSchema(Date.now);

/** Holds a message to the table of codes. */
function code<C extends UsageProblemCode>(value: C): C {
  return value;
}
