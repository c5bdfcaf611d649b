/**
 * What a Postgres holds of ours, and what a transaction has changed of it. Committed rows are seen by all; a
 * transaction's own changes lie over them until its commit, and the locks that it took keep others from the same rows.
 */

export interface UsageRow {
  readonly id: string;
  readonly patientId: string;
  readonly usedAt: string;
  /** The partition that it is in. */
  readonly table: string;
  /** The whole COPY line, to compare with what was sent. */
  readonly line: string;
}

export interface PositionRow {
  readonly source: string;
  readonly partition: string;
  readonly position: number;
  readonly lastCrc: number | null;
  readonly updatedAtMs: number;
}

export interface GapRow {
  readonly id: number;
  readonly source: string;
  readonly partition: string;
  readonly from: number;
  readonly to: number | null;
  readonly reason: string;
  readonly acceptedAtMs: number | null;
  /** Reading went on past it, or had no need to. */
  readonly resumedAtMs: number | null;
}

export interface DeadLetterRow {
  readonly id: number;
  readonly source: string;
  readonly partition: string;
  readonly position: number;
  readonly line: Buffer;
  readonly error: string;
}

/** A table that holds a part of the usages, or did: `from` is in it, `to` is not. */
export interface MonthTable {
  readonly name: string;
  readonly isAttached: boolean;
  readonly from: string;
  readonly to: string;
}

/** Each table by its key, as text. */
export interface Tables {
  readonly usages: Map<string, UsageRow>;
  readonly positions: Map<string, PositionRow>;
  readonly gaps: Map<string, GapRow>;
  readonly deadLetters: Map<string, DeadLetterRow>;
  readonly months: Map<string, MonthTable>;
}

export type TableName = keyof Tables;

export function noTables(): Tables {
  return {
    usages: new Map(),
    positions: new Map(),
    gaps: new Map(),
    deadLetters: new Map(),
    months: new Map(),
  };
}

/** Rows are never changed in place, so copying the maps is enough. */
export function copyOf(tables: Tables): Tables {
  return {
    usages: new Map(tables.usages),
    positions: new Map(tables.positions),
    gaps: new Map(tables.gaps),
    deadLetters: new Map(tables.deadLetters),
    months: new Map(tables.months),
  };
}

type Change = { readonly table: TableName; readonly key: string; readonly row: unknown };

/** One transaction's own view. Null as a row: it is deleted. */
export class Overlay {
  readonly #under: Tables;
  #changes: Change[] = [];
  readonly #byKey = new Map<string, unknown>();

  constructor(under: Tables) {
    this.#under = under;
  }

  get<N extends TableName>(
    table: N,
    key: string,
  ): (Tables[N] extends Map<string, infer R> ? R : never) | undefined {
    const own = this.#byKey.get(`${table} ${key}`);
    if (own !== undefined) return (own === null ? undefined : own) as never;
    return this.#under[table].get(key) as never;
  }

  /** In the order of making. */
  rows<N extends TableName>(table: N): (Tables[N] extends Map<string, infer R> ? R : never)[] {
    const rows = new Map<string, unknown>(this.#under[table]);
    for (const { table: each, key, row } of this.#changes) {
      if (each !== table) continue;
      if (row === null) rows.delete(key);
      else rows.set(key, row);
    }
    return [...rows.values()] as never;
  }

  keys(table: TableName): string[] {
    const keys = new Set<string>(this.#under[table].keys());
    for (const { table: each, key, row } of this.#changes) {
      if (each !== table) continue;
      if (row === null) keys.delete(key);
      else keys.add(key);
    }
    return [...keys];
  }

  set(table: TableName, key: string, row: unknown): void {
    this.#changes.push({ table, key, row });
    this.#byKey.set(`${table} ${key}`, row);
  }

  mark(): number {
    return this.#changes.length;
  }

  /** Undoes what came after `mark`. */
  rollbackTo(mark: number): void {
    const kept = this.#changes.slice(0, mark);
    this.#changes = [];
    this.#byKey.clear();
    for (const { table, key, row } of kept) this.set(table, key, row);
  }

  apply(): void {
    for (const { table, key, row } of this.#changes) {
      const rows = this.#under[table] as Map<string, unknown>;
      if (row === null) rows.delete(key);
      else rows.set(key, row);
    }
  }
}
