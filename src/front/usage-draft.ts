/** What is gathered of a body's usages, item by item: rows of the valid ones, and each item's outcome in order. */

import { timestampText, utcMonth } from '../usage/calendar.ts';
import { type Idempotency, idempotentId } from '../usage/idempotency.ts';
import { encodeRow, type Row } from '../usage/row.ts';
import type { Usage, UsageProblem } from '../usage/usage.ts';
import { type UsageProblemCode, usageProblems } from '../usage/usage-problems.ts';
import { type UuidV7, uuidLength } from '../usage/uuid-v7.ts';
import { validateUsage } from '../usage/validate.ts';
import { acceptedText, type RequestUsages } from './request-outcome.ts';

export class UsageDraft {
  /** The clock when the body had come, epoch milliseconds. */
  readonly nowMs = Date.now();
  /** Of the rows so far. */
  rowBytes = 0;
  readonly #ids: UuidV7;
  readonly #idempotency: Idempotency | null;
  readonly #rows: Row[] = [];
  readonly #results: string[] = [];
  /** The (first) code of each refused item. */
  readonly #refused: UsageProblemCode[] = [];

  /** @param idempotency what the ids are made of; null: they are new ones */
  constructor(ids: UuidV7, idempotency: Idempotency | null) {
    this.#ids = ids;
    this.#idempotency = idempotency;
  }

  /** Items so far. */
  get length(): number {
    return this.#results.length;
  }

  /** A row of `PlainUsageReader`: ASCII, beginning with its id. */
  addRow(text: string, month: number): void {
    this.#push({ text, bytes: text.length, month }, text.slice(0, uuidLength));
  }

  /** An item as `JSON.parse` gave it. */
  add(value: unknown): void {
    const usage = validateUsage(value, this.nowMs);
    if (Array.isArray(usage)) this.reject(usage[0]!);
    else this.accept(usage);
  }

  accept(usage: Usage): void {
    const { nowMs } = this;
    const index = this.length;
    const idempotency = this.#idempotency;
    const id =
      usage.id ??
      (idempotency === null ? this.#ids.next(nowMs) : idempotentId({ ...idempotency, index, usage }));
    const text = encodeRow(usage, id, receivedAtText(nowMs));
    // To ask for its bytes makes one string of the row's many parts, which would take four times the memory.
    const bytes = Buffer.byteLength(text);
    this.#push({ text, bytes, month: utcMonth(usage.usedAtMs) }, id);
  }

  reject({ code, pointer }: UsageProblem): void {
    this.#refused.push(code);
    this.#results.push(`{"error":${errorText(code, `/${this.length}${pointer}`)}}`);
  }

  /** @param onRejected told of each refused item's code */
  finish(single: boolean, onRejected: (code: UsageProblemCode) => void): RequestUsages {
    for (const code of this.#refused) onRejected(code);
    return { single, rows: this.#rows, results: this.#results.join(','), rejected: this.#refused.length };
  }

  #push(row: Row, id: string): void {
    this.rowBytes += row.bytes;
    this.#rows.push(row);
    this.#results.push(acceptedText(id));
  }
}

/** JSON text of one problem. */
export function errorText(code: UsageProblemCode, pointer: string): string {
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
