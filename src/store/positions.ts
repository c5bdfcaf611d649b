/**
 * Up to where a partition is stored. The position moves by compare-and-set in the transaction that stores the
 * rows, and it is taken first: the row's lock makes a second writer wait, and then its comparison fails. That
 * alone fences a zombie; no lease, clock or other lock takes part.
 */

import type { Queryable } from '../postgres/sql-client.ts';
import type { PartitionKey } from './partition-key.ts';

export interface StoredPosition {
  /** Where the next record to store starts. */
  readonly position: number;
  /** CRC-32 of the last stored record; null where none was stored, or an operator set the position. */
  readonly lastCrc: number | null;
}

/** Null where nothing was ever stored of this partition. */
export async function loadPosition(client: Queryable, key: PartitionKey): Promise<StoredPosition | null> {
  const { rows } = await client.query<{ position: string; last_crc: string | null }>(
    'select position, last_crc from log_positions where source = $1 and partition = $2',
    [key.source, key.partition],
  );
  const row = rows[0];
  if (!row) return null;
  return { position: Number(row.position), lastCrc: row.last_crc === null ? null : Number(row.last_crc) };
}

/**
 * Moves the position from `from` (null: there is no row yet) to `next`, within the transaction at hand. The CRC is
 * compared too: of a log that was made anew, the same position is another one.
 * False: it is not at `from` any more; then nothing was changed and the transaction must be rolled back.
 */
export async function takePosition(
  client: Queryable,
  key: PartitionKey,
  from: StoredPosition | null,
  next: number,
  crc: number,
): Promise<boolean> {
  const { rowCount } =
    from === null
      ? await client.query(
          'insert into log_positions (source, partition, position, last_crc) values ($1, $2, $3, $4) on conflict do nothing',
          [key.source, key.partition, next, crc],
        )
      : await client.query(
          `update log_positions set position = $4, last_crc = $5, updated_at = now()
           where source = $1 and partition = $2 and position = $3 and last_crc is not distinct from $6`,
          [key.source, key.partition, from.position, next, crc, from.lastCrc],
        );
  return rowCount === 1;
}

/** Every stored position of a log, by partition. */
export async function loadPositions(client: Queryable, source: string): Promise<Map<string, number>> {
  const { rows } = await client.query<{ partition: string; position: string }>(
    'select partition, position from log_positions where source = $1',
    [source],
  );
  return new Map(rows.map((row) => [row.partition, Number(row.position)]));
}

/** Kafka topics that usages were stored from in the last 30 days, as long as we let a topic keep them, and until when. */
export async function lastStoredFromKafka(client: Queryable): Promise<{ source: string; storedAt: Date }[]> {
  const { rows } = await client.query<{ source: string; stored_at: Date }>(
    `select source, max(updated_at) as stored_at from log_positions
     where source like 'kafka:%' group by source having max(updated_at) > now() - interval '30 days' order by source`,
  );
  return rows.map(({ source, stored_at }) => ({ source, storedAt: stored_at }));
}

export interface ListedPosition extends PartitionKey {
  readonly position: number;
  readonly updatedAt: Date;
}

/** All of every log, for people. */
export async function listPositions(client: Queryable): Promise<ListedPosition[]> {
  const { rows } = await client.query<{
    source: string;
    partition: string;
    position: string;
    updated_at: Date;
  }>('select source, partition, position, updated_at from log_positions order by source, partition');
  return rows.map(({ source, partition, position, updated_at }) => ({
    source,
    partition,
    position: Number(position),
    updatedAt: updated_at,
  }));
}
