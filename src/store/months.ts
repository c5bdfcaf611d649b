/**
 * The monthly partitions of `usages`, made before a row of theirs comes, in short transactions of their own.
 * CREATE TABLE and then ATTACH takes a lock on `usages` that lets readers and writers pass, where CREATE TABLE
 * ... PARTITION OF would wait behind every running SELECT, and everything behind it. There is no DEFAULT
 * partition on purpose: with one, every ATTACH would scan it under a lock.
 */

import pg from 'pg';
import type { Logger } from '../observability/logger.ts';
import type { Queryable } from '../postgres/sql-client.ts';
import type { Session } from './sessions.ts';
import { inTransaction } from './transaction.ts';

/** A month is `year * 12 + (month - 1)`, UTC. */
export interface Months {
  /** Makes those of the months that have no partition yet. */
  ensure(session: Session, months: Iterable<number>): Promise<void>;
  /** What is known may be outdated: somebody dropped or detached a partition. */
  forget(): void;
}

/** A table has the name of a month's partition and is none: attach it or rename it. */
export class MonthTableTakenError extends Error {
  override readonly name = 'MonthTableTakenError';
  constructor(table: string, options?: ErrorOptions) {
    super(
      `table ${table} exists but is no partition of usages: attach it again, or rename it so that a new one can be made`,
      options,
    );
  }
}

/** Any constant will do; it keeps two writers from making the same month at once. */
const advisoryLockKey = 0x75736167;
const lookupMsMax = 30_000;

export function createMonths(options: { logger: Logger; lockTimeoutMs: number }): Months {
  const { logger, lockTimeoutMs } = options;
  const known = new Set<number>();
  return {
    async ensure(session, months) {
      const unknown = [...months].filter((month) => !known.has(month));
      if (unknown.length === 0) return;
      const attached = await session.within(lookupMsMax, attachedTables);
      for (const month of unknown) {
        const table = monthTable(month);
        if (!attached.has(table)) {
          const made = await inTransaction(session, lockTimeoutMs, (client) =>
            makeMonth(client, month),
          ).catch(overlapIsThere);
          if (made) logger.info('month_made', { table });
        }
        known.add(month);
      }
    },
    forget: () => known.clear(),
  };
}

/** `usages_2016_11` */
export function monthTable(month: number): string {
  return `usages_${Math.floor(month / 12)}_${String((month % 12) + 1).padStart(2, '0')}`;
}

async function attachedTables(client: Queryable): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    "select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'usages'::regclass and not i.inhdetachpending",
  );
  return new Set(rows.map((row) => row.name));
}

/** False: another writer was quicker. Runs within a transaction. */
async function makeMonth(client: Queryable, month: number): Promise<boolean> {
  const table = monthTable(month);
  await client.query('select pg_advisory_xact_lock($1)', [advisoryLockKey]);
  if ((await attachedTables(client)).has(table)) return false;
  try {
    await client.query(`create table ${table} (like usages including all)`);
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '42P07') {
      throw new MonthTableTakenError(table, { cause: error });
    }
    throw error;
  }
  await client.query(
    `alter table usages attach partition ${table} for values from ('${monthStart(month)}') to ('${monthStart(month + 1)}')`,
  );
  return true;
}

function monthStart(month: number): string {
  const year = String(Math.floor(month / 12)).padStart(4, '0');
  return `${year}-${String((month % 12) + 1).padStart(2, '0')}-01 00:00:00+00`;
}

/** An operator's own partition (a year's, say) holds the month already: as good. */
function overlapIsThere(error: unknown): false {
  if (error instanceof pg.DatabaseError && error.code === '42P17') return false;
  throw error;
}
