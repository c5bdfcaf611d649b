/** The reading side of the local log: finds partitions, hands each over once, and keeps what is stored in bounds. */

import { join } from 'node:path';
import type { Logger } from '../../observability/logger.ts';
import { createTrouble } from '../../observability/told.ts';
import { once } from '../../system/once.ts';
import type { LogReader } from '../log.ts';
import { type DurableFiles, durableFiles } from './durable-files.ts';
import { ensureLog, listPartitions, readLogUuid, removeOrphans } from './folders.ts';
import { readStored } from './mark.ts';
import { type LocalPartition, PartitionReader } from './partition-reader.ts';
import { ReadBuffers } from './read-buffers.ts';
import { createRetention } from './retention.ts';
import { FolderWatch, Ticker } from './wakeups.ts';

export interface LocalReaderOptions {
  /** `DATA_DIR/log`; made where it is missing. */
  readonly logDir: string;
  /** How long a stored segment is kept. */
  readonly keepHours: number;
  /** Bound on the bytes of the instance's whole log: past it the oldest stored segments go first. */
  readonly bytesMax: number;
  /** What appenders roll at: room for one segment each is kept free. */
  readonly segmentBytes: number;
  readonly logger: Logger;
  /** What records are read into; one that keeps none where rows may be looked at after they were stored. */
  readonly buffers?: ReadBuffers;
  /** Only tests give another. */
  readonly files?: DurableFiles;
}

export interface LocalReader extends LogReader {
  start(onPartition: (partition: LocalPartition) => void): Promise<void>;
  /** What the log takes and may take, as of the last look (twice a second). */
  bytes(): { held: number; max: number };
}

export function createLocalReader(options: LocalReaderOptions): LocalReader {
  const { logDir, logger } = options;
  const files = options.files ?? durableFiles;
  const ticker = new Ticker();
  const stopping = new AbortController();
  const partitions = new Map<string, PartitionReader>();
  const buffers = options.buffers ?? new ReadBuffers();
  const retention = createRetention({ ...options, files, partitions });
  let source: string | null = null;
  let following: Promise<void> | null = null;

  async function find(onPartition: (partition: LocalPartition) => void): Promise<void> {
    for (const name of await listPartitions(files, logDir)) {
      if (partitions.has(name)) continue;
      const folder = join(logDir, name);
      // It only steers what may be removed: nothing waits for one that cannot be read.
      const mark = await readStored(files, folder).catch((error: unknown) => {
        logger.warn('log_retention_failed', { partition: name, err: error });
        return null;
      });
      if (stopping.signal.aborted) return;
      const watch = new FolderWatch(files, folder, ticker, logger);
      const revoked = stopping.signal;
      const partition = new PartitionReader({ files, logDir, name, mark, watch, buffers, revoked });
      partitions.set(name, partition);
      onPartition(partition);
    }
  }

  /** Looks for new partitions whenever the log's folder changes. */
  async function follow(onPartition: (partition: LocalPartition) => void): Promise<void> {
    const watch = new FolderWatch(files, logDir, ticker, logger);
    stopping.signal.addEventListener('abort', () => watch.close(), { once: true });
    const unreadable = createTrouble(logger, 'log_unreadable');
    while (!stopping.signal.aborted) {
      const seen = watch.count;
      try {
        await find(onPartition);
        unreadable.over();
      } catch (error) {
        unreadable.failed(error);
      }
      if (!stopping.signal.aborted) await watch.wait(seen);
    }
  }

  async function open(onPartition: (partition: LocalPartition) => void): Promise<void> {
    source = `local:${await ensureLog(files, logDir)}`;
    await removeOrphans(files, logDir, logger);
    await find(onPartition);
    following = follow(onPartition);
    retention.start();
  }

  async function close(): Promise<void> {
    await start.settled();
    stopping.abort();
    for (const partition of partitions.values()) partition.wake();
    await following;
    await retention.stop();
    for (const partition of partitions.values()) await partition.close();
  }

  const start = once(open);
  return {
    kind: 'local',
    get source() {
      if (source === null) throw new Error('the source of a log is known after its start');
      return source;
    },
    bytes: retention.bytes,
    unassignedBacklog: async () => 0,
    async gonePartitions(names) {
      const there = new Set(await listPartitions(files, logDir));
      // A folder that is not mounted any more holds no partitions, and not the log's name either.
      if (`local:${await readLogUuid(files, logDir)}` !== source) return [];
      // Whoever was handed one over may still ask for it.
      return names.filter((name) => !there.has(name) && !partitions.has(name));
    },
    start,
    stop: once(close),
  };
}
