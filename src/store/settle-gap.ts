/** One look at a gap by a process that has no other business with the database. */

import { overBriefConnection } from './brief-connection.ts';
import { acceptedEnd, addGap, type FoundGap } from './gaps.ts';
import type { PartitionKey } from './partition-key.ts';

export interface SettledGap {
  /** A row of `log_gaps` was made for it just now. */
  readonly added: boolean;
  /** Where an operator lets reading go on; null: it waits. */
  readonly next: number | null;
}

/**
 * Keeps the gap in `log_gaps`, unless its partition has one that waits already, and tells whether this very gap was
 * accepted. Whatever is thrown: try again later.
 */
export async function settleGap(
  databaseUrl: string,
  role: string,
  key: PartitionKey,
  gap: FoundGap,
): Promise<SettledGap> {
  return overBriefConnection(databaseUrl, role, async (client) => {
    const next = await acceptedEnd(client, key, gap.fromPosition);
    if (next !== null) return { added: false, next };
    await client.query('begin');
    const added = await addGap(client, key, gap);
    await client.query('commit');
    return { added, next: null };
  });
}
