/** Rows of COPY text on their way into `usages`, with its identity, its months and its checks. */

import { PgError, type PostgresServer, type Transaction } from './server.ts';

/** A value that Postgres refuses (class 22), so that there is poison. */
export const refusedMedication = 'refused by Postgres';

const fieldsInRow = 7;

/** COPY fields that differ between two sendings of one usage: when the front took it in. */
const receivedAtField = 5;

/** A line without that. */
export function contentOf(line: string): string {
  return line
    .replace(/\n$/, '')
    .split('\t')
    .filter((_, field) => field !== receivedAtField)
    .join('\t');
}

/** The lines of COPY data; `\.` alone on a line ends it. */
export function copyLines(data: Buffer): string[] {
  const lines = data.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  const end = lines.indexOf('\\.');
  return end < 0 ? lines : lines.slice(0, end);
}

/** What COPY itself refuses of each line, whatever the table. @throws PgError that names the line */
export function checkLines(lines: readonly string[], table: string): void {
  for (const [index, line] of lines.entries()) {
    const where = `COPY ${table}, line ${index + 1}`;
    const fields = line.split('\t');
    if (fields.length !== fieldsInRow)
      throw new PgError('22P04', fields.length < fieldsInRow ? 'missing data for column' : 'extra data', {
        where,
      });
    const [id, , medication, usedAt] = fields;
    if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(id!))
      throw new PgError('22P02', 'invalid input syntax for type uuid', { where: `${where}, column id: "x"` });
    if (medication === refusedMedication)
      throw new PgError('22021', 'invalid byte sequence', { where: `${where}, column medication: "x"` });
    if (!/^\d{4}-\d\d-\d\d[ T]/.test(usedAt!))
      throw new PgError('22007', 'invalid input syntax for type timestamp', {
        where: `${where}, column used_at: "x"`,
      });
  }
}

/**
 * Inserts lines in their order.
 * @returns how many were inserted
 * @throws PgError 23505 for a repeat where repeats are not skipped, 23514 where no month takes a row; MustWait
 */
export function copyRowsInto(
  tx: Transaction,
  server: PostgresServer,
  lines: readonly string[],
  onRepeat: 'refuse repeats' | 'skip repeats',
): number {
  const months = tx.overlay.rows('months').filter(({ isAttached }) => isAttached);
  let inserted = 0;
  for (const [index, line] of lines.entries()) {
    const [id, patientId, , usedAt] = line.split('\t') as [string, string, string, string];
    const table = months.find(({ from, to }) => from <= usedAt && usedAt < to)?.name;
    if (table === undefined)
      throw new PgError('23514', 'no partition of relation "usages" found for row', {
        where: `COPY usages, line ${index + 1}`,
      });
    const key = `${patientId}\t${usedAt}\t${id}`;
    if (server.isLockedByOther(tx, `usage ${key}`)) server.lock(tx, `usage ${key}`);
    const before = tx.overlay.get('usages', key);
    // What a detached table holds is no part of `usages` any more.
    if (before && months.some(({ name }) => name === before.table)) {
      if (onRepeat === 'skip repeats') continue;
      throw new PgError('23505', 'duplicate key value violates unique constraint', {
        constraint: `${table}_pkey`,
        where: `COPY usages, line ${index + 1}`,
      });
    }
    server.lock(tx, `usage ${key}`);
    tx.overlay.set('usages', key, { id, patientId, usedAt, table, line });
    inserted += 1;
  }
  return inserted;
}
