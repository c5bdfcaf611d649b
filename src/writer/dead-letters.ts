/** Keeps what cannot be stored, in the transaction that stores its neighbours and moves the position past it. */

import type pg from 'pg';
import type { DeadLetter } from './batch.ts';
import type { PartitionKey } from './partition-key.ts';

/** One at a time: there are few, and one of them can be a whole record of megabytes. */
export async function insertDeadLetters(
  client: pg.Client,
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
