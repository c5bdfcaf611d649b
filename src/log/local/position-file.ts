/** A position kept in a small file beside a partition, as one line: its digits and their CRC-32. */

import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { errorCode } from '../../system/errno.ts';

/** The position, or 0 where there is no file or no whole line in it. */
export async function readPositionFile(path: string): Promise<number> {
  let text: string;
  try {
    text = await readFile(path, 'latin1');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
  const match = /^(\d{1,16}) (\d+)\n$/.exec(text);
  return match && crc32(match[1]!) === Number(match[2]) ? Number(match[1]) : 0;
}

/** The line that such a file holds. */
export function positionLine(position: number): string {
  const digits = String(position);
  return `${digits} ${crc32(digits)}\n`;
}
