/**
 * How many bytes the log of this instance takes, over all partitions, counting what living appenders may still
 * write: the newest segment of a living partition, and one that is being made, count in full. So a new segment
 * that fits now fits to its end, whatever the other appenders do.
 */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../system/errno.ts';
import { isLockHeld } from '../../system/process-lock.ts';
import { listPartitions, lockPath } from './folders.ts';

/**
 * @param dead names of partitions whose owners are known to be dead; those found out are added
 * @param segmentBytes what a segment may come to
 */
export async function reservedBytes(
  logDir: string,
  segmentBytes: number,
  dead: Set<string>,
): Promise<number> {
  let total = 0;
  for (const name of await listPartitions(logDir)) {
    const folder = join(logDir, name);
    const files = await logFiles(folder);
    const newest = files.at(-1);
    if (!newest) continue;
    for (const file of files) total += file.bytes;
    if (newest.bytes >= segmentBytes || dead.has(name)) continue;
    if (isLockHeld(lockPath(folder))) total += segmentBytes - newest.bytes;
    else dead.add(name);
  }
  return total;
}

/** The segment files of a folder, in order, the one that is being made last; none where the folder is gone. */
async function logFiles(folder: string): Promise<{ bytes: number }[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.log'));
    // A dot sorts before digits; the hidden one is the newest.
    names.sort((a, b) => Number(a.startsWith('.')) - Number(b.startsWith('.')) || (a < b ? -1 : 1));
    const files = await Promise.all(names.map((name) => stat(join(folder, name)).catch(goneIsNull)));
    return files.filter((file) => file !== null).map((file) => ({ bytes: file.size }));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function goneIsNull(error: unknown): null {
  if (errorCode(error) === 'ENOENT') return null;
  throw error;
}
