/**
 * What the clients of a conservation run sent and were told, and the check that Postgres holds just that:
 * every acknowledged id exactly once with its data, nothing that was only ever refused, nothing made up.
 */

import assert from 'node:assert/strict';
import type { Client } from 'pg';

/** One usage as a client sends it. `patientId` is unique a usage: the mark by which it is found again. */
export interface SentUsage {
  readonly patientId: string;
  readonly medication: string;
  readonly timestamp: string | number;
  readonly id?: string;
  readonly [attribute: string]: unknown;
}

export class Ledger {
  /** Acknowledged id -> the patient it was sent for. */
  readonly acknowledged = new Map<string, string>();
  /** Patients of usages that were valid: sent, acknowledged or not. */
  readonly sent = new Set<string>();
  /** Patients of usages that a client is told again and again to repeat with the same id: stored at most once. */
  readonly repeatable = new Set<string>();
  /** Patients of usages that are invalid, and must never be stored. */
  readonly invalid = new Set<string>();

  acknowledge(id: string, patientId: string): void {
    const before = this.acknowledged.get(id);
    assert.ok(before === undefined || before === patientId, 'one id was given to two usages');
    this.acknowledged.set(id, patientId);
  }

  /** Reads all of `usages` and holds it against what the clients were told. */
  async check(database: Client): Promise<{ stored: number; acknowledged: number }> {
    const rows = await database.query<{ id: string; patient_id: string; count: string }>(
      'SELECT id, patient_id, count(*) FROM usages GROUP BY id, patient_id',
    );
    const stored = new Map<string, string>();
    const times = new Map<string, number>();
    const problems: string[] = [];
    for (const { id, patient_id: patientId, count } of rows.rows) {
      if (count !== '1' || stored.has(id)) problems.push(`id ${id} is stored more than once`);
      stored.set(id, patientId);
      times.set(patientId, (times.get(patientId) ?? 0) + 1);
      if (this.invalid.has(patientId)) problems.push(`an invalid usage is stored as ${id}`);
      else if (!this.sent.has(patientId)) problems.push(`nobody sent what is stored as ${id}`);
    }
    for (const [id, patientId] of this.acknowledged) {
      if (!stored.has(id)) problems.push(`acknowledged ${id} is lost`);
      else if (stored.get(id) !== patientId) problems.push(`acknowledged ${id} is stored with other data`);
    }
    for (const patientId of this.repeatable)
      if ((times.get(patientId) ?? 0) > 1) problems.push('a usage repeated with one id is stored twice');
    assert.deepEqual(problems.slice(0, 20), [], `${problems.length} problems`);
    return { stored: rows.rows.length, acknowledged: this.acknowledged.size };
  }
}

/** Rows in `usages`; 0 while the writer has not made the table yet. */
export async function storedCount(database: Client): Promise<number> {
  const table = await database.query("SELECT to_regclass('usages') AS name");
  if (table.rows[0].name === null) return 0;
  return Number((await database.query('SELECT count(*) FROM usages')).rows[0].count);
}
