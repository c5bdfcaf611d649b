/**
 * The folders of the local log and what they are called.
 *
 *     DATA_DIR/log/uuid                       names the log for good
 *     DATA_DIR/log/<slot>-<uuid v7>/          a partition: one start of one front
 *         lock                                held by its owner while that lives
 *         <base position, 20 digits>.log      a segment
 *         stored, relayed                     marks: see mark.ts
 *
 * A name that starts with a dot is not there yet, or not there any more.
 */

import { randomUUID } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from '../../observability/logger.ts';
import { errorCode } from '../../system/errno.ts';
import type { ProcessLock } from '../../system/process-lock.ts';
import { createUuidV7 } from '../../usage/uuid-v7.ts';
import { createWhole, type DurableFiles } from './durable-files.ts';

const uuidPattern = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const partitionName = new RegExp(`^\\d{1,5}-(${uuidPattern})$`);
const uuidText = new RegExp(`^${uuidPattern}$`);
const segmentName = /^(\d{20})\.log$/;
const making = '.making-';
const removing = '.removing-';

/** An unfinished folder is left alone this long: its maker may be between making it and locking it. */
const orphanAgeMsMin = 60_000;

export const lockPath = (folder: string): string => join(folder, 'lock');
export const segmentPath = (folder: string, base: number): string =>
  join(folder, `${String(base).padStart(20, '0')}.log`);
/** Where a segment is made before it gets its name; a reader never looks at it. */
export const segmentMakingPath = (folder: string): string => join(folder, '.making.log');

/** The UUID in a partition's name, or null where it is no such name. */
export function partitionUuid(name: string): string | null {
  return partitionName.exec(name)?.[1] ?? null;
}

/** The names of the partitions, oldest first within a slot; none where there is no log yet. */
export async function listPartitions(files: DurableFiles, logDir: string): Promise<string[]> {
  const names = (await files.list(logDir)) ?? [];
  return names.filter((name) => partitionName.test(name)).sort();
}

/** The base positions of a partition's segments, ascending. Null where the folder is gone. */
export async function listSegments(files: DurableFiles, folder: string): Promise<number[] | null> {
  const names = await files.list(folder);
  if (names === null) return null;
  const bases: number[] = [];
  for (const name of names) {
    const match = segmentName.exec(name);
    if (match) bases.push(Number(match[1]));
  }
  return bases.sort((a, b) => a - b);
}

/** Makes the log's folder and its name, durably, where they are not there; returns its UUID. */
export async function ensureLog(files: DurableFiles, logDir: string): Promise<string> {
  await files.makeFolder(resolve(logDir));
  await syncAbove(files, resolve(logDir));
  const path = join(logDir, 'uuid');
  for (;;) {
    const uuid = await readLogUuid(files, logDir);
    if (uuid !== null) {
      // Whoever gave it may not have come to this, and the database will know the log by it.
      await files.syncFolder(logDir);
      return uuid;
    }
    // A link is all or nothing and never replaces: of two makers one wins and both read the winner's.
    const draft = join(logDir, `${making}uuid-${randomUUID()}`);
    await createWhole(files, draft, `${randomUUID()}\n`);
    try {
      await files.link(draft, path);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    } finally {
      await files.remove(draft);
    }
  }
}

/** Null where there is no log (any more). */
export async function readLogUuid(files: DurableFiles, logDir: string): Promise<string | null> {
  const path = join(logDir, 'uuid');
  const text = await files.readText(path);
  if (text === null) return null;
  if (!uuidText.test(text.trim())) throw new Error(`${path} holds no UUID: restore it, it names this log`);
  return text.trim();
}

/** A partition that this process owns. */
export interface OwnedPartition {
  readonly name: string;
  readonly uuid: string;
  readonly folder: string;
  readonly lock: ProcessLock;
}

/**
 * Makes a new partition of a slot. It gets its name once its lock is held, so whoever sees it with a free
 * lock knows that its owner is dead. A name that was seen is never taken back: where it is not known to be durable,
 * an empty partition without an owner stays, which its reader removes.
 */
export async function makePartition(
  files: DurableFiles,
  logDir: string,
  slot: number,
): Promise<OwnedPartition> {
  // Names sort by the time they were made.
  const uuid = createUuidV7().next(Date.now());
  const name = `${slot}-${uuid}`;
  const hidden = join(logDir, making + name);
  const folder = join(logDir, name);
  await files.makeFolder(hidden);
  const lock = files.tryLock(lockPath(hidden));
  if (!lock) throw new Error(`the lock of the new folder ${hidden} was taken by another`);
  try {
    await files.syncFolder(hidden);
    await files.rename(hidden, folder);
    await files.syncFolder(logDir);
  } catch (error) {
    lock.release();
    await files.removeAll(hidden).catch(() => {}); // a leftover, for later
    throw error;
  }
  return { name, uuid, folder, lock };
}

/** Removes a whole partition; what a crash in between leaves is taken up by `removeOrphans`. */
export async function removePartition(files: DurableFiles, logDir: string, name: string): Promise<void> {
  const hidden = join(logDir, removing + name);
  try {
    await files.rename(join(logDir, name), hidden);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  await files.removeAll(hidden);
}

/** Removes what a crash left of folders that were being made or removed. What cannot be removed only takes room. */
export async function removeOrphans(files: DurableFiles, logDir: string, logger: Logger): Promise<void> {
  for (const name of (await files.list(logDir)) ?? []) {
    if (!name.startsWith(making) && !name.startsWith(removing)) continue;
    try {
      await removeOrphan(files, join(logDir, name), name.startsWith(removing));
    } catch (error) {
      logger.warn('log_leftover_kept', { folder: name, err: error });
    }
  }
}

async function removeOrphan(files: DurableFiles, path: string, isNobodys: boolean): Promise<void> {
  const facts = await files.stat(path);
  if (!facts || Date.now() - facts.changedAtMs < orphanAgeMsMin) return;
  if (!facts.isFolder || isNobodys) return files.removeAll(path);
  const lock = files.tryLock(lockPath(path));
  if (!lock) return;
  await files.removeAll(path).finally(() => lock.release());
}

/**
 * Makes a folder's name durable, and the names of those above it, whoever made them: a DATA_DIR that a power cut took
 * is as bad as a record that it took. A folder that we may not open was not made for us.
 */
async function syncAbove(files: DurableFiles, path: string): Promise<void> {
  for (let at = path; dirname(at) !== at; at = dirname(at)) {
    await files.syncFolder(dirname(at)).catch((error: unknown) => {
      if (!['EACCES', 'EPERM', 'EROFS', 'EINVAL'].includes(errorCode(error) ?? '')) throw error;
    });
  }
}
