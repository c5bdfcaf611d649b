/**
 * From a body to the rows of its usages. Usages in their plain form are read in one pass over their bytes; any other is
 * decoded, parsed by JSON.parse and validated, given an id and encoded. Each item of an array or of NDJSON has its own
 * outcome, in order; one usage alone is valid or the request is refused. The limits are found in the bytes, before
 * anything is decoded.
 */

import { isUtf8 } from 'node:buffer';
import type { Idempotency } from '../usage/idempotency.ts';
import { usageBytesMax } from '../usage/limits.ts';
import { blankEnd, PlainUsageReader } from '../usage/plain-usage.ts';
import type { UsageProblem } from '../usage/usage.ts';
import type { UsageProblemCode } from '../usage/usage-problems.ts';
import { type UuidV7, uuidLength } from '../usage/uuid-v7.ts';
import { validateUsage } from '../usage/validate.ts';
import type { HttpProblemCode } from './http-problems.ts';
import type { BodyFormat } from './media-type.ts';
import { readArray } from './read-array.ts';
import { readLines } from './read-lines.ts';
import { type BodyOutcome, parseJson, Reading, type Steps, scanValue, skipBlanks } from './reading.ts';
import { acceptedText, type RefusedBody, type RequestUsages } from './request-outcome.ts';
import { errorText, UsageDraft } from './usage-draft.ts';

const bracketOpen = 0x5b;
const byteOrderMark = Buffer.from('\ufeff');

export interface UsageReader {
  /**
   * What comes of a body, or its reading, where that may take long.
   * @param bytes the body, valid until this returns
   */
  read(bytes: Uint8Array, format: BodyFormat, idempotency: Idempotency | null): BodyOutcome | Reading;
}

export function createUsageReader(options: {
  usagesMax: number;
  ids: UuidV7;
  /** Each refused item's (first) code. */
  onRejected(code: UsageProblemCode | HttpProblemCode): void;
}): UsageReader {
  const { usagesMax, ids, onRejected } = options;
  const plain = new PlainUsageReader(ids);

  function refuse(problem: HttpProblemCode): RefusedBody {
    onRejected(problem);
    return { problem, errors: null };
  }

  function invalid(problems: readonly UsageProblem[]): RefusedBody {
    onRejected(problems[0]!.code);
    const errors = problems.map(({ code, pointer }) => errorText(code, pointer));
    return { problem: 'invalid_usage', errors: `[${errors.join(',')}]` };
  }

  /** One usage in its plain form, or null. */
  function readPlain(bytes: Uint8Array, from: number): RequestUsages | null {
    const next = plain.read(bytes, from, bytes.length, Date.now());
    if (next < 0 || blankEnd(bytes, next, bytes.length) < bytes.length) return null;
    const { row: text, month } = plain;
    const row = { text, bytes: text.length, month };
    return { single: true, rows: [row], results: acceptedText(text.slice(0, uuidLength)), rejected: 0 };
  }

  function readOne(bytes: Buffer, start: number, end: number, draft: UsageDraft): BodyOutcome {
    if (!isUtf8(bytes)) return refuse('malformed_utf8');
    const value = parseJson(bytes, start, end);
    if (value === undefined) return refuse(start === end ? 'no_usages' : 'malformed_json');
    const usage = validateUsage(value, draft.nowMs);
    if (Array.isArray(usage)) return invalid(usage);
    draft.accept(usage);
    return draft.finish(true, onRejected);
  }

  /** JSON that is an array, or larger than one usage may be. */
  function* readJson(reading: Reading): Steps<BodyOutcome> {
    const { length } = reading.bytes;
    const from = yield* skipBlanks(reading, 0, length);
    if (reading.bytes[from] === bracketOpen) return yield* readMany(reading, readArray(reading, from));
    const { start, end, at, excess } = yield* scanValue(reading, from, length);
    if (excess !== null) return invalid([{ code: excess, pointer: '' }]);
    return at < length ? refuse('malformed_json') : readOne(reading.bytes, start, end, reading.draft);
  }

  function* readMany(reading: Reading, steps: Steps<HttpProblemCode | null>): Steps<BodyOutcome> {
    const problem = yield* steps;
    return problem === null ? reading.draft.finish(false, onRejected) : refuse(problem);
  }

  return {
    read(given, format, idempotency) {
      const bytes = withoutMark(given);
      const { length } = bytes;
      const from = length > usageBytesMax ? 0 : blankEnd(bytes, 0, length);
      const isOne = format === 'json' && length <= usageBytesMax && bytes[from] !== bracketOpen;
      // A key's ids are made of the usages themselves.
      const isPlain = idempotency === null;
      const plainOne = isOne && isPlain ? readPlain(bytes, from) : null;
      if (plainOne !== null) return plainOne;
      const draft = new UsageDraft(ids, idempotency);
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, length);
      if (isOne) return readOne(body, from, length, draft);
      const parts = { bytes: body, draft, plain: isPlain ? plain : null, usagesMax };
      return new Reading(parts, (reading) =>
        format === 'ndjson' ? readMany(reading, readLines(reading)) : readJson(reading),
      );
    },
  };
}

/** A byte order mark says nothing of UTF-8; Windows writes it. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  const [first, second, third] = byteOrderMark;
  return bytes[0] === first && bytes[1] === second && bytes[2] === third ? bytes.subarray(3) : bytes;
}
