/**
 * How many bytes the log of this instance takes, over all partitions, counting what living appenders may still
 * write: the newest segment of a living partition, and one that is being made, count in full. So a new segment
 * that fits now fits to its end, whatever the other appenders do.
 */

import { join } from 'node:path';
import type { DurableFiles } from './durable-files.ts';
import { listPartitions, lockPath } from './folders.ts';

/**
 * @param dead names of partitions whose owners are known to be dead; those found out are added
 * @param segmentBytes what a segment may come to
 */
export async function reservedBytes(
  files: DurableFiles,
  logDir: string,
  segmentBytes: number,
  dead: Set<string>,
): Promise<number> {
  let total = 0;
  for (const name of await listPartitions(files, logDir)) {
    const folder = join(logDir, name);
    const sizes = await logFileSizes(files, folder);
    const newest = sizes.at(-1);
    if (newest === undefined) continue;
    for (const bytes of sizes) total += bytes;
    if (newest >= segmentBytes || dead.has(name)) continue;
    if (isOwned(files, folder)) total += segmentBytes - newest;
    else dead.add(name);
  }
  return total;
}

function isOwned(files: DurableFiles, folder: string): boolean {
  const probe = files.openLockProbe(lockPath(folder));
  try {
    return probe.isHeld();
  } finally {
    probe.close();
  }
}

/** The sizes of a folder's segment files, in order, the one that is being made last; none where the folder is gone. */
async function logFileSizes(files: DurableFiles, folder: string): Promise<number[]> {
  const names = ((await files.list(folder)) ?? []).filter((name) => name.endsWith('.log'));
  // A dot sorts before digits; the hidden one is the newest.
  names.sort((a, b) => Number(a.startsWith('.')) - Number(b.startsWith('.')) || (a < b ? -1 : 1));
  const found = await Promise.all(names.map((name) => files.stat(join(folder, name))));
  return found.filter((facts) => facts !== null).map(({ bytes }) => bytes);
}
