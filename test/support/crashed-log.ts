/** What a crash leaves: the files of a partition as they are, and no owner. */

import { cp, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { LogGapError, type LogPartition } from '../../src/log/log.ts';
import { type LocalLog, makeLocalLog, makeTempDir } from './local-log.ts';
import { labelOf } from './log-records.ts';

export interface CrashedLog extends LocalLog {
  readonly folder: string;
  /** Paths of the segments, in order. */
  segments(): Promise<string[]>;
  /** Reads the partition from the beginning until it ends or has a gap, with a reader of its own. */
  readAll(): Promise<ReadOutcome>;
}

export interface ReadOutcome {
  readonly labels: string[];
  readonly gap: LogGapError | null;
  /** Where reading stopped. */
  readonly position: number;
}

/**
 * Copies a log with one partition as if its owner had died now. The lock's own file is made anew: opening and
 * closing the original would free it.
 */
export async function copyCrashed(test: TestContext, log: LocalLog, folder: string): Promise<CrashedLog> {
  const dataDir = await makeTempDir(test);
  const copy = join(dataDir, 'log', basename(folder));
  await mkdir(copy, { recursive: true });
  await cp(join(log.logDir, 'uuid'), join(dataDir, 'log', 'uuid'));
  for (const name of await readdir(folder)) {
    if (name !== 'lock') await cp(join(folder, name), join(copy, name));
  }
  await writeFile(join(copy, 'lock'), '');
  const crashed = await makeLocalLog(test, dataDir);
  return {
    ...crashed,
    folder: copy,
    segments: () => segmentsOf(copy),
    async readAll() {
      const found = await crashed.reader();
      const outcome = await readUntilGap(await found.find(copy));
      await found.reader.stop();
      return outcome;
    },
  };
}

export async function segmentsOf(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^\d+\.log$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Reads until the partition ends or has a gap. */
export async function readUntilGap(partition: LogPartition, from = 0): Promise<ReadOutcome> {
  const labels: string[] = [];
  let position = from;
  try {
    for (;;) {
      const records = await partition.read(position, 64 * 1024);
      if (records === null) return { labels, gap: null, position };
      labels.push(...records.map(labelOf));
      position = records.at(-1)!.next;
    }
  } catch (error) {
    if (!(error instanceof LogGapError)) throw error;
    return { labels, gap: error, position };
  }
}

export async function flipBit(path: string, offset: number, bit = 0): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset]! ^= 1 << bit;
  await writeFile(path, bytes);
}

/** Cuts a file's last bytes off. */
export async function cutOff(path: string, bytes: number): Promise<void> {
  const { length } = await readFile(path);
  await truncate(path, length - bytes);
}
