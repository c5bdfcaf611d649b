/** Gaps in a log: kept in `log_gaps`, where an operator accepts them (`usage-ingest positions accept-gap`). */

import type pg from 'pg';
import type { LogGapError } from '../log/log.ts';
import type { PartitionKey } from './partition-key.ts';

export interface OpenGap {
  readonly id: number;
  readonly reason: string;
  readonly fromPosition: number;
  readonly toPosition: number | null;
}

/** The gap of a partition that nobody accepted yet, or null. */
export async function findOpenGap(client: pg.Client, key: PartitionKey): Promise<OpenGap | null> {
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

/** Adds a gap, unless the partition has one that waits to be accepted. Runs within a transaction. */
export async function addGap(client: pg.Client, key: PartitionKey, gap: LogGapError): Promise<void> {
  // Two writers may find it at once: one of them waits here, and sees it then.
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `${key.source} ${key.partition}`,
  ]);
  await client.query(
    `insert into log_gaps (source, partition, from_position, to_position, reason)
     select $1, $2, $3, $4, $5
     where not exists (select from log_gaps where source = $1 and partition = $2 and accepted_at is null)`,
    [key.source, key.partition, gap.fromPosition, gap.toPosition, gap.reason],
  );
}

/** Names of the log's partitions that wait for an operator. */
export async function openGapPartitions(client: pg.Client, source: string): Promise<Set<string>> {
  const { rows } = await client.query<{ partition: string }>(
    'select distinct partition from log_gaps where source = $1 and accepted_at is null',
    [source],
  );
  return new Set(rows.map((row) => row.partition));
}
