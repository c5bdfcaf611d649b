/**
 * What an error of Postgres means for the writer. Everything not named here is `other`: tried once the careful way,
 * then forever. Guessing that an unknown error is the data's fault would lose data.
 */

import pg from 'pg';

export type StoreProblem =
  /** A usage is there already: the batch goes through the staging table. */
  | 'repeat'
  /** The data of one line is refused, whatever the state of the server. */
  | 'poison'
  /** No month partition for a usage: it is made, then the batch is tried again. */
  | 'no_partition'
  /** The statement took too long or was cancelled: a smaller batch. */
  | 'cancelled'
  /** Somebody holds a lock for longer than lock_timeout. */
  | 'locked'
  | 'other';

/** Class 22 (data exception) is the value's own fault; so are NOT NULL, and a CHECK that has a name. */
export function storeProblem(error: unknown): StoreProblem {
  if (!(error instanceof pg.DatabaseError) || !error.code) return 'other';
  if (error.code === '23505') return 'repeat';
  if (error.code.startsWith('22') || error.code === '23502') return 'poison';
  // A row that no partition takes has the code of a CHECK violation and names no constraint.
  if (error.code === '23514') return error.constraint ? 'poison' : 'no_partition';
  if (error.code === '57014') return 'cancelled';
  if (error.code === '55P03') return 'locked';
  return 'other';
}

/** Whether the server itself said it, over a connection that still serves. */
export function isAnswer(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR';
}

/**
 * The line that a COPY error names, from 1, or null. The context is `COPY usages, line 3, column x: "value"`,
 * in the server's language: the first number after the first comma, and nothing else of it is used.
 */
export function namedLine(error: unknown): number | null {
  if (!(error instanceof pg.DatabaseError)) return null;
  const found = /^COPY [^,:"]*,[^\d,:"]*(\d{1,10})/m.exec(error.where ?? '');
  const line = Number(found?.[1]);
  return line >= 1 ? line : null;
}

/** Says why a line was refused, without any value: SQLSTATE, and the constraint or the column. */
export function refusalText(error: unknown, columns: readonly string[]): string {
  if (!(error instanceof pg.DatabaseError)) return error instanceof RowCountError ? error.message : 'refused';
  if (error.constraint) return `${error.code} constraint ${error.constraint}`;
  // `COPY usages, line 3, column id: "value"`: the one word between the second comma's word and what follows.
  const named = error.column ?? /^COPY [^,:"]*,[^,:"]*, *[^ ,:"]+ (\w+)(?::|$)/m.exec(error.where ?? '')?.[1];
  const column = columns.find((name) => name === named);
  return column ? `${error.code} column ${column}` : `${error.code}`;
}

/** COPY took another number of rows than it was given: a line of `\\.` ends it, or a header counts wrongly. */
export class RowCountError extends Error {
  override readonly name = 'RowCountError';
  constructor() {
    super('Postgres took another number of rows than there should be');
  }
}
