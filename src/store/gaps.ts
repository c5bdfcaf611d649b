/** Gaps in a log: kept in `log_gaps`, where an operator accepts them (`usage-ingest positions accept-gap`). */

import type { Queryable } from '../postgres/sql-client.ts';
import type { PartitionKey } from './partition-key.ts';

/** A gap as the log tells of it (`LogGapError`). */
export interface FoundGap {
  readonly fromPosition: number;
  /** Null where it is not known at which position reading can go on. */
  readonly toPosition: number | null;
  readonly reason: string;
}

export interface OpenGap {
  readonly id: number;
  readonly reason: string;
  readonly fromPosition: number;
  readonly toPosition: number | null;
}

/** The gap of a partition that nobody accepted yet, or null. */
export async function findOpenGap(client: Queryable, key: PartitionKey): Promise<OpenGap | null> {
  const { rows } = await client.query<{ id: string; reason: string; from: string; to: string | null }>(
    'select id, reason, from_position as from, to_position as to from log_gaps where source = $1 and partition = $2 and accepted_at is null order by id limit 1',
    [key.source, key.partition],
  );
  const row = rows[0];
  if (!row) return null;
  return {
    id: Number(row.id),
    reason: row.reason,
    fromPosition: Number(row.from),
    toPosition: row.to === null ? null : Number(row.to),
  };
}

/** Two may find the same gap at once: one of them waits here, until the other's transaction ends, and sees it then. */
async function lockGaps(client: Queryable, key: PartitionKey): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `${key.source} ${key.partition}`,
  ]);
}

/**
 * Adds a gap, unless the partition has one that waits to be accepted. Runs within a transaction.
 * @returns whether it was added
 */
export async function addGap(client: Queryable, key: PartitionKey, gap: FoundGap): Promise<boolean> {
  await lockGaps(client, key);
  const { rowCount } = await client.query(
    `insert into log_gaps (source, partition, from_position, to_position, reason)
     select $1, $2, $3, $4, $5
     where not exists (select from log_gaps where source = $1 and partition = $2 and accepted_at is null)`,
    [key.source, key.partition, gap.fromPosition, gap.toPosition, gap.reason],
  );
  return rowCount === 1;
}

/**
 * What a writer does with a gap that it found: where exactly this one was accepted, the partition's position moves
 * behind it, once; else it is kept, and waits. Runs within a transaction. The stored CRC goes: no record that was
 * stored ends there.
 */
export async function passOrKeepGap(
  client: Queryable,
  key: PartitionKey,
  gap: FoundGap,
): Promise<'passed' | 'added' | 'known'> {
  await lockGaps(client, key);
  const { rows } = await client.query<{ to: string }>(
    `update log_gaps set resumed_at = now() where id =
       (select id from log_gaps where source = $1 and partition = $2 and from_position = $3
        and accepted_at is not null and resumed_at is null order by id desc limit 1)
     returning to_position as to`,
    [key.source, key.partition, gap.fromPosition],
  );
  if (!rows[0]) return (await addGap(client, key, gap)) ? 'added' : 'known';
  await client.query(
    `insert into log_positions as p (source, partition, position, last_crc) values ($1, $2, $3, null)
     on conflict (source, partition) do update set position = $3, last_crc = null, updated_at = now()
     where p.position <= $4`,
    [key.source, key.partition, rows[0].to, gap.fromPosition],
  );
  return 'passed';
}

/** Acceptances that a partition did not need after all, because its records were brought back, are used up. */
export async function forgetNeedlessAcceptances(
  client: Queryable,
  key: PartitionKey,
  position: number,
): Promise<void> {
  await client.query(
    `update log_gaps set resumed_at = now() where source = $1 and partition = $2 and from_position < $3
     and accepted_at is not null and resumed_at is null`,
    [key.source, key.partition, position],
  );
}

/**
 * Where reading goes on after a gap that begins at `fromPosition` and was accepted; null where none was. One that
 * was accepted with a position at or before its own beginning is no way past it.
 */
export async function acceptedEnd(
  client: Queryable,
  key: PartitionKey,
  fromPosition: number,
): Promise<number | null> {
  const { rows } = await client.query<{ to: string }>(
    `select to_position as to from log_gaps
     where source = $1 and partition = $2 and from_position = $3 and accepted_at is not null and to_position > $3
     order by id desc limit 1`,
    [key.source, key.partition, fromPosition],
  );
  return rows[0] ? Number(rows[0].to) : null;
}

/** Names of the log's partitions that wait for an operator. */
export async function openGapPartitions(client: Queryable, source: string): Promise<Set<string>> {
  const { rows } = await client.query<{ partition: string }>(
    'select distinct partition from log_gaps where source = $1 and accepted_at is null',
    [source],
  );
  return new Set(rows.map((row) => row.partition));
}

export interface StoredGap extends PartitionKey, OpenGap {
  readonly foundAt: Date;
  readonly acceptedAt: Date | null;
}

/** Every gap there ever was, oldest first. */
export async function listGaps(client: Queryable): Promise<StoredGap[]> {
  const { rows } = await client.query<{
    id: string;
    source: string;
    partition: string;
    from: string;
    to: string | null;
    reason: string;
    found_at: Date;
    accepted_at: Date | null;
  }>(
    'select id, source, partition, from_position as from, to_position as to, reason, found_at, accepted_at from log_gaps order by id',
  );
  return rows.map((row) => ({
    id: Number(row.id),
    source: row.source,
    partition: row.partition,
    fromPosition: Number(row.from),
    toPosition: row.to === null ? null : Number(row.to),
    reason: row.reason,
    foundAt: row.found_at,
    acceptedAt: row.accepted_at,
  }));
}

/**
 * Accepts a gap. Whoever reads the partition looks for its records once more, and only where they are still missing
 * goes on at `next`.
 * @returns false where somebody else has accepted it
 */
export async function acceptGap(client: Queryable, gap: OpenGap, next: number, by: string): Promise<boolean> {
  const { rowCount } = await client.query(
    'update log_gaps set accepted_at = now(), accepted_by = $2, to_position = $3 where id = $1 and accepted_at is null',
    [gap.id, by, next],
  );
  return rowCount === 1;
}
