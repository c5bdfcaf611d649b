/**
 * The folders of the local log and what they are called.
 *
 *     DATA_DIR/log/uuid                       names the log for good
 *     DATA_DIR/log/<slot>-<uuid v7>/          a partition: one start of one front
 *         lock                                held by its owner while that lives
 *         <base position, 20 digits>.log      a segment
 *         stored                              how far the reader has stored it
 *
 * A name that starts with a dot is not there yet, or not there any more.
 */

import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from '../../system/errno.ts';
import { type ProcessLock, tryLock } from '../../system/process-lock.ts';
import type { DurableFiles } from './durable-files.ts';

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
export async function listPartitions(logDir: string): Promise<string[]> {
  const names = await readdirOrNone(logDir);
  return names.filter((name) => partitionName.test(name)).sort();
}

/** The base positions of a partition's segments, ascending. Null where the folder is gone. */
export async function listSegments(folder: string): Promise<number[] | null> {
  try {
    const names = await readdir(folder);
    const bases: number[] = [];
    for (const name of names) {
      const match = segmentName.exec(name);
      if (match) bases.push(Number(match[1]));
    }
    return bases.sort((a, b) => a - b);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Makes the log's folder and its name, durably, where they are not there; returns its UUID. */
export async function ensureLog(files: DurableFiles, logDir: string): Promise<string> {
  await makeFolder(files, resolve(logDir));
  const path = join(logDir, 'uuid');
  for (;;) {
    const uuid = await readLogUuid(logDir);
    if (uuid !== null) return uuid;
    // A link is all or nothing and never replaces: of two makers one wins and both read the winner's.
    const draft = join(logDir, `${making}uuid-${randomUUID()}`);
    await writeFile(draft, `${randomUUID()}\n`, { mode: 0o600, flush: true });
    try {
      await link(draft, path);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    } finally {
      await rm(draft, { force: true });
    }
    await files.syncFolder(logDir);
  }
}

/** Null where there is no log (any more). */
export async function readLogUuid(logDir: string): Promise<string | null> {
  const path = join(logDir, 'uuid');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
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
 * lock knows that its owner is dead.
 */
export async function makePartition(
  files: DurableFiles,
  logDir: string,
  slot: number,
): Promise<OwnedPartition> {
  const uuid = uuidV7();
  const name = `${slot}-${uuid}`;
  const hidden = join(logDir, making + name);
  const folder = join(logDir, name);
  await mkdir(hidden, { mode: 0o700 });
  const lock = tryLock(lockPath(hidden));
  if (!lock) throw new Error(`the lock of the new folder ${hidden} was taken by another`);
  try {
    await files.syncFolder(hidden);
    await files.rename(hidden, folder);
    await files.syncFolder(logDir);
  } catch (error) {
    lock.release();
    await rm(hidden, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return { name, uuid, folder, lock };
}

/** Removes a whole partition; what a crash in between leaves is taken up by `removeOrphans`. */
export async function removePartition(logDir: string, name: string): Promise<void> {
  const hidden = join(logDir, removing + name);
  try {
    await rename(join(logDir, name), hidden);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  await rm(hidden, { recursive: true, force: true });
}

/** Removes what a crash left of folders that were being made or removed. */
export async function removeOrphans(logDir: string): Promise<void> {
  for (const name of await readdirOrNone(logDir)) {
    if (!name.startsWith(making) && !name.startsWith(removing)) continue;
    const path = join(logDir, name);
    const info = await stat(path).catch(() => null);
    if (!info || Date.now() - info.mtimeMs < orphanAgeMsMin) continue;
    if (!info.isDirectory() || name.startsWith(removing)) {
      await rm(path, { recursive: true, force: true });
      continue;
    }
    const lock = tryLock(lockPath(path));
    if (!lock) continue;
    await rm(path, { recursive: true, force: true });
    lock.release();
  }
}

/** Makes a folder and those above it, each durable in the one above it. */
async function makeFolder(files: DurableFiles, path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made))
    await files.syncFolder(dirname(made));
}

async function readdirOrNone(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** RFC 9562 UUID v7: names sort by the time they were made. One a start: no need for the pooled maker of ids. */
function uuidV7(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
