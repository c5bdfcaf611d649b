/** The bodies and header fields of POST /api/usages, as the document says them. */

import { z } from 'zod';
import { type SettingName, settingsSchema } from '../../src/config/settings.ts';
import { textPattern } from './text-patterns.ts';
import { attributeSchema, usageSchema } from './usage-schema.ts';

/** What a limit is where nobody set it. */
const defaults = settingsSchema.parse({});

/** A limit as text: its default, and the setting that changes it. */
export function limit(name: SettingName, unit: string): string {
  const value = defaults[name] as number;
  return `${value.toLocaleString('en')} ${unit} (\`${name}\`)`;
}

export const usage = usageSchema.catchall(attributeSchema).meta({
  id: 'Usage',
  description: usageSchema.description,
  propertyNames: { pattern: textPattern },
});

const usages = z
  .array(usage)
  .min(1)
  .max(defaults.USAGE_REQUEST_USAGES_MAX)
  .meta({
    id: 'Usages',
    description: `Each has its own result. At most ${limit('USAGE_REQUEST_USAGES_MAX', 'usages')}.`,
  });

export const jsonBody = z
  .union([usage, usages])
  .meta({ id: 'UsageOrUsages', description: 'One usage, or an array of usages.' });

/** A body that is JSON under another name: a text to OpenAPI, so that no tool takes it for a form. */
export const jsonAsText = {
  type: 'string',
  contentMediaType: 'application/json',
  contentSchema: { $ref: '#/components/schemas/UsageOrUsages' },
} as const;

/** OpenAPI 3.1 has no words for the lines of a text. */
export const ndjsonBody = {
  type: 'string',
  description:
    'One usage a line, each line JSON by the schema `Usage`, ended by a line feed (the last one may lack it). Blank lines are ignored. Each line has its own result.',
} as const;

export const requestHeaders = z.object({
  'Idempotency-Key': z
    .string()
    .regex(/^[!-~]+$/)
    .min(1)
    .max(255)
    .optional()
    .meta({
      description:
        'Makes a retry safe for usages without an `id`: they get one derived from this key, their place in the request, patient, instant, medication and attributes. The same request gives the same ids, a changed usage another.',
      example: 'phone-7f3a-2026-11-21-0001',
    }),
  'Content-Encoding': z.enum(['identity', 'gzip', 'x-gzip', 'deflate', 'br', 'zstd']).optional().meta({
    description:
      'How the body is compressed; one coding, `deflate` with its zlib wrapper. Bytes on the wire and inflated have limits of their own.',
  }),
});
