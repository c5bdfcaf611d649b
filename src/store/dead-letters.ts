/** Keeps what cannot be stored, in the transaction that stores its neighbours and moves the position past it. */

import type { Queryable } from '../postgres/sql-client.ts';
import type { DeadLetter } from './batch.ts';
import type { PartitionKey } from './partition-key.ts';

/** Bytes of lines in one statement, if it is more than one line; on the wire they are twice as many. */
const statementBytesMax = 4 * 1024 * 1024;

/** In as few statements as their size allows: a log that others write to may hold thousands in one batch. */
export async function insertDeadLetters(
  client: Queryable,
  key: PartitionKey,
  letters: readonly DeadLetter[],
): Promise<void> {
  for (let first = 0; first < letters.length; ) {
    let bytes = 0;
    let end = first;
    while (
      end < letters.length &&
      (end === first || bytes + letters[end]!.line.length <= statementBytesMax)
    ) {
      bytes += letters[end]!.line.length;
      end += 1;
    }
    const part = letters.slice(first, end);
    await client.query(
      `insert into dead_letters (source, partition, position, line, error)
       select $1, $2, * from unnest($3::bigint[], $4::bytea[], $5::text[])`,
      [
        key.source,
        key.partition,
        part.map(({ position }) => position),
        part.map(({ line }) => line),
        part.map(({ error }) => error),
      ],
    );
    first = end;
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
