/**
 * How far the relay has brought a partition into Kafka, kept beside it in the file `relayed` as one line:
 * position and CRC-32 of its digits. Losing it means sending again, and identity drops what repeats. It is
 * durable before the log may let go of what it covers, so what is gone from here is known to be there.
 */

import { join } from 'node:path';
import { errorCode } from '../../system/errno.ts';
import { type DurableFiles, durableFiles, replaceFile } from './durable-files.ts';
import { positionLine, readPositionFile } from './position-file.ts';

const relayedPath = (folder: string): string => join(folder, 'relayed');

/** The position, or 0 where nothing was relayed or the mark is not whole. */
export function readRelayed(folder: string): Promise<number> {
  return readPositionFile(relayedPath(folder));
}

/** Replaces the mark, durably. A folder that is gone needs none. */
export async function writeRelayed(
  folder: string,
  position: number,
  files: DurableFiles = durableFiles,
): Promise<void> {
  try {
    await replaceFile(files, relayedPath(folder), Buffer.from(positionLine(position)));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
