/**
 * Where a partition goes on, at every open: after a start, a lost connection, an overtaking, an accepted gap.
 * The stored position is believed only where the log agrees with it.
 */

import { LogGapError, type LogPartition } from '../log/log.ts';
import type { StoredPosition } from '../store/positions.ts';
import type { LogCursor } from './log-cursor.ts';

/** How long a read is waited for that tells whether a partition has ended. */
const endedWaitMs = 1_000;

/**
 * @returns the position to read from
 * @throws LogGapError where what should be next is not there
 */
export async function checkedPosition(
  partition: LogPartition,
  cursor: LogCursor,
  stored: StoredPosition | null,
): Promise<number> {
  const { first, end } = await partition.bounds();
  const relayed = await partition.relayed();
  const at = stored?.position ?? 0;
  // What went on to another log is stored from there: it is not missing here, whether it is still held or not.
  if (at >= relayed.from && at < relayed.to && relayed.to >= first) return relayed.to;
  if (stored === null) {
    if (first <= 0) return 0;
    throw new LogGapError(0, first, 'beginning_gone', 'nothing is stored, and the beginning is gone');
  }
  const { position, lastCrc } = stored;
  if (position < first) {
    throw new LogGapError(position, first, 'out_of_range', 'the log begins after the stored position');
  }
  if (position > end && !(await hasEnded(partition, cursor, position))) {
    // What is there now is not what was stored: all of it is read, and identity drops what repeats.
    throw new LogGapError(position, first, 'out_of_range', 'the log ends before the stored position');
  }
  const crc = lastCrc === null ? null : await partition.crcBefore(position);
  if (crc !== null && crc !== lastCrc) {
    throw new LogGapError(
      position,
      first,
      'mismatch',
      'the record before the stored position is another one',
    );
  }
  return position;
}

/**
 * Past the end of an ended partition is normal: the reader may have seen what a power cut took, and it was never
 * acknowledged. Only a read tells that it has ended; the known end of a live one may also lag behind.
 */
async function hasEnded(partition: LogPartition, cursor: LogCursor, position: number): Promise<boolean> {
  const reading = await cursor.readWithin(position, 1, endedWaitMs);
  if (reading === null) return true;
  return position <= (await partition.bounds()).end;
}
