/**
 * From a body to the rows of its usages. A body of plain usages alone is read in one pass over its bytes; any other is
 * decoded, parsed by JSON.parse and validated, each of its usages given an id and encoded. Each item of an array or of
 * NDJSON has its own outcome, in order; one usage alone is valid or the request is refused.
 */

import { timestampText, utcMonth } from '../usage/calendar.ts';
import { idempotentId } from '../usage/idempotency.ts';
import { encodeRow, type Row } from '../usage/row.ts';
import type { Usage, UsageProblem } from '../usage/usage.ts';
import { type UsageProblemCode, usageProblems } from '../usage/usage-problems.ts';
import type { UuidV7 } from '../usage/uuid-v7.ts';
import { validateUsage } from '../usage/validate.ts';
import type { HttpProblemCode } from './http-problems.ts';
import type { BodyFormat } from './media-type.ts';
import { createPlainReader } from './plain-body.ts';
import { acceptedText, type RefusedBody, type RequestUsages } from './request-outcome.ts';

/** What is gathered of a body. */
interface Draft {
  readonly rows: Row[];
  readonly results: string[];
  rejected: number;
}

export interface UsageReader {
  /** @param bytes the body, valid until this returns */
  read(bytes: Uint8Array, format: BodyFormat, idempotencyKey: string | null): RequestUsages | RefusedBody;
}

export function createUsageReader(options: {
  usagesMax: number;
  ids: UuidV7;
  /** Each refused item's (first) code. */
  onRejected(code: UsageProblemCode | HttpProblemCode): void;
}): UsageReader {
  const { usagesMax, ids, onRejected } = options;
  const readPlain = createPlainReader(ids, usagesMax);

  function refuse(problem: HttpProblemCode, errors: string | null = null): RefusedBody {
    if (errors === null) onRejected(problem);
    return { problem, errors };
  }

  function accept(into: Draft, usage: Usage, index: number, key: string | null, nowMs: number): void {
    const id =
      usage.id ?? (key === null ? ids.next(nowMs) : idempotentId({ apiKey: null, key, index, usage }));
    const text = encodeRow(usage, id, receivedAtText(nowMs));
    // To ask for its bytes makes one string of the row's many parts, which would take four times the memory.
    const bytes = Buffer.byteLength(text);
    into.rows.push({ text, bytes, month: utcMonth(usage.usedAtMs) });
    into.results.push(acceptedText(id));
  }

  function reject(into: Draft, problem: UsageProblem, index: number): void {
    onRejected(problem.code);
    into.rejected++;
    into.results.push(`{"error":${errorText(problem.code, `/${index}${problem.pointer}`)}}`);
  }

  function readOne(value: unknown, key: string | null): RequestUsages | RefusedBody {
    const nowMs = Date.now();
    const usage = validateUsage(value, nowMs);
    if (Array.isArray(usage)) {
      onRejected(usage[0]!.code);
      return refuse(
        'invalid_usage',
        `[${usage.map(({ code, pointer }) => errorText(code, pointer)).join(',')}]`,
      );
    }
    const draft = createDraft();
    accept(draft, usage, 0, key, nowMs);
    return finish(draft, true);
  }

  function readItem(into: Draft, value: unknown, key: string | null, nowMs: number): void {
    const index = into.results.length;
    const usage = validateUsage(value, nowMs);
    if (Array.isArray(usage)) reject(into, usage[0]!, index);
    else accept(into, usage, index, key, nowMs);
  }

  function readArray(values: unknown[], key: string | null): RequestUsages | RefusedBody {
    if (values.length === 0) return refuse('no_usages');
    if (values.length > usagesMax) return refuse('too_many_usages');
    const nowMs = Date.now();
    const draft = createDraft();
    for (const value of values) readItem(draft, value, key, nowMs);
    return finish(draft, false);
  }

  function readLines(text: string, key: string | null): RequestUsages | RefusedBody {
    const lines = usageLines(text, usagesMax);
    if (lines === null) return refuse('too_many_usages');
    if (lines.length === 0) return refuse('no_usages');
    const nowMs = Date.now();
    const draft = createDraft();
    for (const line of lines) {
      const value = parseJson(line);
      if (value === undefined) reject(draft, { code: 'malformed_json', pointer: '' }, draft.results.length);
      else readItem(draft, value, key, nowMs);
    }
    return finish(draft, false);
  }

  function readText(text: string, format: BodyFormat, key: string | null): RequestUsages | RefusedBody {
    if (format === 'ndjson') return readLines(text, key);
    const value = parseJson(text);
    if (value === undefined) return refuse(isBlank(text) ? 'no_usages' : 'malformed_json');
    return Array.isArray(value) ? readArray(value, key) : readOne(value, key);
  }

  return {
    read(bytes, format, idempotencyKey) {
      // A key's ids are made of the usages themselves.
      const plain = idempotencyKey === null ? readPlain(bytes, format) : null;
      if (plain !== null) return plain;
      const text = decodeUtf8(bytes);
      return text === null ? refuse('malformed_utf8') : readText(text, format, idempotencyKey);
    },
  };
}

function createDraft(): Draft {
  return { rows: [], results: [], rejected: 0 };
}

function finish({ rows, results, rejected }: Draft, single: boolean): RequestUsages {
  return { single, rows, results: results.join(','), rejected };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Null where the bytes are not UTF-8. The error that says so is foreign and quotes nothing; it goes nowhere. */
function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

/** Undefined where it is malformed: no JSON value is undefined. V8's message quotes the text, so it goes nowhere. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const notBlank = /[^ \t\r\n]/;

function isBlank(text: string): boolean {
  return !notBlank.test(text);
}

/** The lines that are not blank; null where there are more than `linesMax`, found without holding them all. */
function usageLines(text: string, linesMax: number): string[] | null {
  const lines: string[] = [];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const line = text.slice(start, end);
    start = end + 1;
    if (isBlank(line)) continue;
    if (lines.length === linesMax) return null;
    lines.push(line);
  }
  return lines;
}

function errorText(code: UsageProblemCode, pointer: string): string {
  return JSON.stringify({ code, detail: usageProblems[code], pointer });
}

let textOfMs = -1;
let text = '';

/** One text serves all rows of a millisecond. */
function receivedAtText(nowMs: number): string {
  if (nowMs !== textOfMs) {
    textOfMs = nowMs;
    text = timestampText(nowMs);
  }
  return text;
}
