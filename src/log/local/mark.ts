/**
 * The two marks beside a partition, each a small file of one line: positions and the CRC-32 of their digits. A mark
 * that is lost, damaged or older than the truth makes work and harms nothing: segments are kept longer, or records
 * sent again, and identity drops what repeats.
 *
 *     stored    everything before it is stored, or relayed: it steers what may be removed, and nothing else
 *     relayed   what the relay brought into Kafka; durable before the log may let go of it
 */

import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { errorCode } from '../../system/errno.ts';
import type { Relayed } from '../log.ts';
import { type DurableFiles, replaceFile } from './durable-files.ts';

const storedPath = (folder: string): string => join(folder, 'stored');
const relayedPath = (folder: string): string => join(folder, 'relayed');

/** The stored position, or 0 where there is no mark or no whole one. */
export async function readStored(files: DurableFiles, folder: string): Promise<number> {
  return (await readPositions(files, storedPath(folder)))[0] ?? 0;
}

/** Replaces the mark at once; not durable. A folder that is gone needs none. */
export async function writeStored(files: DurableFiles, folder: string, position: number): Promise<void> {
  const path = storedPath(folder);
  await goneIsFine(
    files.writeText(`${path}.new`, lineOf(position)).then(() => files.rename(`${path}.new`, path)),
  );
}

/** The same, durable: before the last segment of an ended partition goes, the mark becomes its tombstone. */
export function writeTombstone(files: DurableFiles, folder: string, position: number): Promise<void> {
  return replaceFile(files, storedPath(folder), lineOf(position));
}

/** When the stored position was written (epoch milliseconds); null where there is none. */
export async function storedAtMs(files: DurableFiles, folder: string): Promise<number | null> {
  return (await files.stat(storedPath(folder)))?.changedAtMs ?? null;
}

/** What was relayed, or nothing where there is no mark or no whole one. */
export async function readRelayed(files: DurableFiles, folder: string): Promise<Relayed> {
  const [to = 0, from = 0] = await readPositions(files, relayedPath(folder));
  return { from, to };
}

/** Replaces the mark, durably. A folder that is gone needs none. */
export async function writeRelayed(
  files: DurableFiles,
  folder: string,
  { from, to }: Relayed,
): Promise<void> {
  const line = from === 0 ? lineOf(to) : lineOf(to, from);
  await goneIsFine(replaceFile(files, relayedPath(folder), line));
}

/** The positions in a mark; none where there is no file or no whole line in it. */
async function readPositions(files: DurableFiles, path: string): Promise<number[]> {
  const match = /^(\d{1,16}(?: \d{1,16})?) (\d+)\n$/.exec((await files.readText(path)) ?? '');
  return match && crc32(match[1]!) === Number(match[2]) ? match[1]!.split(' ').map(Number) : [];
}

function lineOf(...positions: number[]): string {
  const digits = positions.join(' ');
  return `${digits} ${crc32(digits)}\n`;
}

async function goneIsFine(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
