/** Keeps what cannot be stored, in the transaction that stores its neighbours and moves the position past it. */

import type { Queryable } from '../postgres/sql-client.ts';
import type { DeadLetter } from './batch.ts';
import type { PartitionKey } from './partition-key.ts';

/** One at a time: there are few, and one of them can be a whole record of megabytes. */
export async function insertDeadLetters(
  client: Queryable,
  key: PartitionKey,
  letters: readonly DeadLetter[],
): Promise<void> {
  for (const { position, line, error } of letters) {
    await client.query(
      'insert into dead_letters (source, partition, position, line, error) values ($1, $2, $3, $4, $5)',
      [key.source, key.partition, position, line, error],
    );
  }
}

export interface ListedDeadLetter {
  readonly id: number;
  readonly partition: string;
  readonly position: number;
  /** Holds no value. */
  readonly error: string;
  readonly failedAt: Date;
}

/** Those that were not replayed, oldest first, without what is in them. */
export async function listDeadLetters(client: Queryable): Promise<ListedDeadLetter[]> {
  const { rows } = await client.query<{
    id: string;
    partition: string;
    position: string;
    error: string;
    failed_at: Date;
  }>(
    'select id, partition, position, error, failed_at from dead_letters where replayed_at is null order by id',
  );
  return rows.map(({ id, partition, position, error, failed_at }) => ({
    id: Number(id),
    partition,
    position: Number(position),
    error,
    failedAt: failed_at,
  }));
}
