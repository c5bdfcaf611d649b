/** The bodies of answers. Open objects: a client ignores members that it does not know, so that we can add some. */

import { z } from 'zod';
import { type HttpProblemCode, httpProblems } from '../../src/front/http-problems.ts';
import { type UsageProblemCode, usageProblems } from '../../src/usage/usage-problems.ts';

const keys = <K extends string>(table: Record<K, unknown>) => Object.keys(table) as [K, ...K[]];

const usageId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  .meta({
    format: 'uuid',
    description:
      "The device's own id in lower case, else the one the server gave: UUID v8 with an `Idempotency-Key`, UUID v7 without.",
  });

export const stored = z
  .looseObject({ id: usageId })
  .meta({ id: 'Stored', description: 'The usage is durable and will be stored exactly once.' });

const usageError = z
  .looseObject({
    code: z.enum(keys<UsageProblemCode>(usageProblems)).meta({ description: codeList(usageProblems) }),
    detail: z.string().describe('The rule. Never a value of the request.'),
    pointer: z
      .string()
      .regex(/^(?:\/.*)?$/)
      .describe('JSON pointer (RFC 6901) to what is wrong; empty for the body as a whole.'),
  })
  .meta({ id: 'UsageError', description: 'What is wrong with a usage.' });

const result = z
  .union([stored, z.looseObject({ error: usageError })])
  .meta({ id: 'Result', description: "One usage's outcome: its id, or its (first) error." });

const count = z.int().min(0);

export const batch = z
  .looseObject({
    accepted: count.describe('Usages that are durable.'),
    rejected: count.describe('Usages that were refused.'),
    results: z.array(result).min(1).describe('One for each usage, in the order of the request.'),
  })
  .meta({ id: 'BatchResult', description: 'The outcome of an array or of NDJSON.' });

const results = z
  .array(result)
  .optional()
  .describe(
    'Where the request was read and ids were given out: one for each usage, in order. Repeat the request with these ids.',
  );
const errors = z
  .array(usageError)
  .min(1)
  .optional()
  .describe('With `invalid_usage`: everything that is wrong.');

/** The problem of one status, with the codes that it may have. */
export function problemSchema(codes: readonly HttpProblemCode[]) {
  const { status } = httpProblems[codes[0]!];
  const urns = codes.map((code) => `urn:usage-ingest:problem:${code}`);
  const titles = codes.map((code) => httpProblems[code].title);
  return z.looseObject({
    type: z.enum(urns).describe('A URN, one for each code; nothing is to be found there.'),
    title: z.enum(titles),
    status: z.literal(status),
    detail: z.string().describe('What to do. Never a value of the request.'),
    code: z.enum(codes).meta({ description: codeList(httpProblems, codes) }),
    ...(status === 422 ? { errors } : {}),
    ...(status === 503 ? { results } : {}),
  });
}

function codeList(
  table: Record<string, string | { detail: string }>,
  codes: readonly string[] = Object.keys(table),
): string {
  const text = (code: string) => {
    const entry = table[code]!;
    return typeof entry === 'string' ? entry : entry.detail;
  };
  return codes.map((code) => `- \`${code}\`: ${text(code)}`).join('\n');
}

export const healthy = z.looseObject({ healthy: z.literal(true) });
export const ready = z.looseObject({ ready: z.literal(true) });
export const notReady = z.looseObject({
  ready: z.literal(false),
  reason: z.string().describe('Why, for a person.'),
});
