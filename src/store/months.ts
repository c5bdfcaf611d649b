/**
 * The monthly partitions of `usages`, made before a row of theirs comes, in short transactions of their own.
 * CREATE TABLE and then ATTACH takes a lock on `usages` that lets readers and writers pass, where CREATE TABLE
 * ... PARTITION OF would wait behind every running SELECT, and everything behind it. There is no DEFAULT
 * partition on purpose: with one, every ATTACH would scan it under a lock.
 *
 * What an operator did to partitions never holds up the log: a partition of theirs that covers a month, or a part of
 * it, is as good, and beside a month's table that was detached and kept its name another one is made.
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

/** A month's table cannot be made, whatever is tried; the message says what to do. */
export class MonthError extends Error {
  override readonly name = 'MonthError';
}

/** Any constant will do; it keeps two writers from making the same month at once. */
const advisoryLockKey = 0x75736167;

export function createMonths(options: { logger: Logger; lockTimeoutMs: number }): Months {
  const { logger, lockTimeoutMs } = options;
  const known = new Set<number>();
  return {
    async ensure(session, months) {
      const unknown = [...months].filter((month) => !known.has(month));
      if (unknown.length === 0) return;
      for (const month of unknown) {
        const made = await inTransaction(session, lockTimeoutMs, (client) => makeMonth(client, month));
        for (const { table, instead } of made) {
          logger.info('month_made', { table });
          if (instead) logger.warn('month_detached', { table: instead, instead: table });
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

/** A table that was made; `instead` of one that has the month's name and is no partition of `usages`. */
interface MadeTable {
  readonly table: string;
  readonly instead: string | null;
}

/**
 * Makes what the month lacks: nothing, all of it, or what lies between partitions of an operator's that cover a part
 * of it. Runs within a transaction.
 */
async function makeMonth(client: Queryable, month: number): Promise<MadeTable[]> {
  const isWhole = missingRanges(month, await attachedRanges(client)).length === 0;
  if (isWhole) return [];
  // Another writer may make it at this moment: what is there is looked up again once it has.
  await client.query('select pg_advisory_xact_lock($1)', [advisoryLockKey]);
  const made: MadeTable[] = [];
  for (const { from, to } of missingRanges(month, await attachedRanges(client))) {
    const table = await freeName(client, month);
    await client.query(`create table ${table} (like usages including all)`);
    await attach(client, table, from, to);
    const own = monthTable(month);
    made.push({ table, instead: table === own || made.length > 0 ? null : own });
  }
  return made;
}

async function attach(client: Queryable, table: string, from: string, to: string): Promise<void> {
  try {
    await client.query(
      `alter table usages attach partition ${table} for values from ('${from}') to ('${to}')`,
    );
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42P17') throw error;
    throw new MonthError(
      `usages from ${from} to ${to} have no partition, and one overlaps that cannot take them: is a DETACH PARTITION ... CONCURRENTLY of it unfinished? Finish it with ALTER TABLE usages DETACH PARTITION ... FINALIZE`,
      { cause: error },
    );
  }
}

/** The month's name, or, where a table that is no partition of `usages` has it, the same with a number behind. */
async function freeName(client: Queryable, month: number): Promise<string> {
  const own = monthTable(month);
  const names = [own, ...[2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${own}_${n}`)];
  const { rows } = await client.query<{ name: string }>(
    'select relname as name from pg_class where relname = any($1) and relnamespace = current_schema()::regnamespace',
    [names],
  );
  const free = names.find((name) => !rows.some((row) => row.name === name));
  if (!free) throw new MonthError(`tables ${own} to ${names.at(-1)} exist: attach, rename or drop some`);
  return free;
}

/** From when to when, the end left out, epoch milliseconds and as Postgres writes them. */
interface Range {
  readonly fromMs: number;
  readonly toMs: number;
  readonly from: string;
  readonly to: string;
}

const everything: Range = {
  from: '-infinity',
  to: 'infinity',
  fromMs: Number.NEGATIVE_INFINITY,
  toMs: Number.POSITIVE_INFINITY,
};

/** Of the partitions that take rows. A DEFAULT one, which an operator may have made, takes every month that is not there. */
async function attachedRanges(client: Queryable): Promise<Range[]> {
  const { rows } = await client.query<{ bound: string }>(
    `select pg_get_expr(c.relpartbound, c.oid) as bound from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'usages'::regclass and not i.inhdetachpending`,
  );
  return rows.flatMap(({ bound }) => {
    if (bound === 'DEFAULT') return [everything];
    const found = /^FOR VALUES FROM \('?([^)']+)'?\) TO \('?([^)']+)'?\)$/.exec(bound);
    if (!found) return [];
    const [, from, to] = found as unknown as [string, string, string];
    return [{ from, to, fromMs: boundMs(from), toMs: boundMs(to) }];
  });
}

/** What lies before year 1 or past 9999 is as good as endless. */
function boundMs(text: string): number {
  if (text === 'MINVALUE' || text === '-infinity' || text.endsWith('BC')) return Number.NEGATIVE_INFINITY;
  const ms = Date.parse(text.replace(' ', 'T').replace(/\+00$/, 'Z'));
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}

/** The parts of a month that no range covers, in order. */
function missingRanges(month: number, ranges: readonly Range[]): { from: string; to: string }[] {
  const missing: { from: string; to: string }[] = [];
  let from = monthStart(month);
  let fromMs = boundMs(from);
  const end = monthStart(month + 1);
  for (const range of ranges.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (range.toMs <= fromMs || range.fromMs >= boundMs(end)) continue;
    if (range.fromMs > fromMs) missing.push({ from, to: range.from });
    from = range.to;
    fromMs = range.toMs;
  }
  if (fromMs < boundMs(end)) missing.push({ from, to: end });
  return missing;
}

function monthStart(month: number): string {
  const year = String(Math.floor(month / 12)).padStart(4, '0');
  return `${year}-${String((month % 12) + 1).padStart(2, '0')}-01 00:00:00+00`;
}
