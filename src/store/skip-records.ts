/** Passes over records by hand: what no release can read would hold up its partition for ever. */

import type { Queryable } from '../postgres/sql-client.ts';
import { recordAudit } from './audit.ts';
import type { PartitionKey } from './partition-key.ts';

/**
 * Moves a partition's position from `from` to `next`, as a gap that was found and accepted at once, with an entry in
 * `audit_log`, in one transaction.
 * @returns false where the partition is not at `from`; then nothing was changed
 */
export async function skipRecords(
  client: Queryable,
  key: PartitionKey,
  { from, next, by }: { from: number; next: number; by: string },
): Promise<boolean> {
  await client.query('begin');
  try {
    const isMoved = await movePosition(client, key, from, next);
    if (isMoved) {
      await client.query(
        `insert into log_gaps (source, partition, from_position, to_position, reason, accepted_at, accepted_by, resumed_at)
         values ($1, $2, $3, $4, 'skipped', now(), $5, now())`,
        [key.source, key.partition, from, next, by],
      );
      const subject = `${key.source} ${key.partition}`;
      await recordAudit(client, {
        actor: by,
        action: 'records_skipped',
        subject,
        detail: { from, to: next },
      });
    }
    await client.query('commit');
    return isMoved;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** A partition of which nothing was stored yet has no row, and is at 0. */
async function movePosition(
  client: Queryable,
  key: PartitionKey,
  from: number,
  next: number,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into log_positions as p (source, partition, position, last_crc)
     select $1, $2, $4, null where $3 = 0 or exists (select from log_positions where source = $1 and partition = $2)
     on conflict (source, partition) do update set position = $4, last_crc = null, updated_at = now()
     where p.position = $3`,
    [key.source, key.partition, from, next],
  );
  return rowCount === 1;
}
