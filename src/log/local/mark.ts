/**
 * The stored position, kept beside the partition in the file `stored` as one line: position and CRC-32 of its
 * digits. It only steers what may be removed; what is stored is known by the database alone. So losing it, or
 * reading an older one, keeps segments longer and harms nothing.
 */

import { rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../system/errno.ts';
import { type DurableFiles, replaceFile } from './durable-files.ts';
import { positionLine, readPositionFile } from './position-file.ts';

const markPath = (folder: string): string => join(folder, 'stored');

/** The position, or 0 where there is no mark or no whole one. */
export function readMark(folder: string): Promise<number> {
  return readPositionFile(markPath(folder));
}

/** Replaces the mark at once; not durable. A folder that is gone needs none. */
export async function writeMark(folder: string, position: number): Promise<void> {
  const path = markPath(folder);
  try {
    await writeFile(`${path}.new`, positionLine(position), { mode: 0o600 });
    await rename(`${path}.new`, path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** The same, durable: before the last segment of an ended partition goes, the mark becomes its tombstone. */
export function writeTombstone(files: DurableFiles, folder: string, position: number): Promise<void> {
  return replaceFile(files, markPath(folder), Buffer.from(positionLine(position)));
}

/** How long ago the mark was written; null where there is none. */
export async function markAgeMs(folder: string): Promise<number | null> {
  const info = await stat(markPath(folder)).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
  return info && Date.now() - info.mtimeMs;
}
