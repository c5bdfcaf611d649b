/** A local log in a folder of a test's own. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  createLocalAppender,
  type LocalAppender,
  type LocalAppenderOptions,
} from '../../src/log/local/appender.ts';
import { createLocalReader, type LocalReader, type LocalReaderOptions } from '../../src/log/local/reader.ts';
import type { LogPartition } from '../../src/log/log.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { closeAfter } from './close-after.ts';
import { until } from './until.ts';

const MiB = 1024 * 1024;

export interface LocalLog {
  /** `DATA_DIR/log`. */
  readonly logDir: string;
  /** A started appender; it is stopped with the test. */
  appender(options?: Partial<LocalAppenderOptions>): Promise<LocalAppender>;
  /** A reader that somebody else starts and stops. */
  createReader(options?: Partial<LocalReaderOptions>): LocalReader;
  /** A started reader and the partitions it found so far; it is stopped with the test. */
  reader(options?: Partial<LocalReaderOptions>): Promise<FoundLog>;
}

export interface FoundLog {
  readonly reader: LocalReader;
  readonly partitions: LogPartition[];
  /** The partition of a folder, once it was found. */
  find(folder: string | null): Promise<LogPartition>;
}

export async function makeTempDir(test: Pick<TestContext, 'after'>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'usage-log-'));
  closeAfter(test, () => rm(path, { recursive: true, force: true }));
  return path;
}

/** @param dataDir where the log is made; a new folder where none is given */
export async function makeLocalLog(test: TestContext, dataDir?: string): Promise<LocalLog> {
  const logDir = join(dataDir ?? (await makeTempDir(test)), 'log');
  const common = { logDir, segmentBytes: 64 * 1024, bytesMax: 64 * MiB, logger: silentLogger };
  const readerOf = (options: Partial<LocalReaderOptions>) =>
    createLocalReader({ ...common, keepHours: 24, ...options });
  return {
    logDir,
    createReader: (options = {}) => readerOf(options),
    async appender(options = {}) {
      const appender = createLocalAppender({ ...common, slot: 0, ...options });
      closeAfter(test, () => appender.stop());
      await appender.start();
      return appender;
    },
    async reader(options = {}) {
      const reader = readerOf(options);
      const partitions: LogPartition[] = [];
      closeAfter(test, () => reader.stop());
      await reader.start((partition) => partitions.push(partition));
      const find = (folder: string | null) =>
        until(() => partitions.find(({ name }) => folder?.endsWith(`/${name}`)), {
          what: `partition ${folder}`,
        });
      return { reader, partitions, find };
    },
  };
}
