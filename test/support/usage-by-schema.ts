/** What `validateUsage` must give, by the documented truth: the zod schema, and `attributesOf` for the rest. */

import { createUsageSchema } from '../../docs/openapi/usage-schema.ts';
import { attributesOf, attributesProblems } from '../../src/usage/attributes.ts';
import type { Usage, UsageProblem } from '../../src/usage/usage.ts';
import type { UsageProblemCode } from '../../src/usage/usage-problems.ts';

/** `validateUsage` with the schema in place of the specialised pass. */
export function createValidateBySchema(nowMs: number): (value: unknown) => Usage | UsageProblem[] {
  const schema = createUsageSchema(() => nowMs);
  return (value) => {
    const parsed = schema.safeParse(value);
    const problems: UsageProblem[] = (parsed.error?.issues ?? []).map((issue) => ({
      code: issue.message as UsageProblemCode,
      pointer: issue.path.map((key) => `/${String(key)}`).join(''),
    }));
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
  };
}
