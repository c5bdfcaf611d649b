/**
 * How far the relay has brought a partition into Kafka, kept beside it in the file `relayed` as one line:
 * position and CRC-32 of its digits. Losing it means sending again, and identity drops what repeats. It is
 * durable before the log may let go of what it covers, so what is gone from here is known to be there.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type DurableFiles, durableFiles, errorCode, replaceFile } from './durable-files.ts';

const relayedPath = (folder: string): string => join(folder, 'relayed');

/** The position, or 0 where nothing was relayed or the mark is not whole. */
export async function readRelayed(folder: string): Promise<number> {
  try {
    const text = await readFile(relayedPath(folder), 'latin1');
    const match = /^(\d{1,16}) (\d+)\n$/.exec(text);
    return match && crc32(match[1]!) === Number(match[2]) ? Number(match[1]) : 0;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** Replaces the mark, durably. A folder that is gone needs none. */
export async function writeRelayed(
  folder: string,
  position: number,
  files: DurableFiles = durableFiles,
): Promise<void> {
  const digits = String(position);
  try {
    await replaceFile(files, relayedPath(folder), Buffer.from(`${digits} ${crc32(digits)}\n`));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
