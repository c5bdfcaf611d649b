import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalAppender } from '../../../src/log/local/appender.ts';
import { createLocalReader } from '../../../src/log/local/reader.ts';
import { silentLogger } from '../../../src/observability/logger.ts';
import { holdToLogContract } from '../../support/log-contract.ts';

holdToLogContract({
  name: 'the local log',
  partitionsEnd: true,
  async createLog() {
    const dataDir = await mkdtemp(join(tmpdir(), 'usage-log-'));
    const logDir = join(dataDir, 'log');
    // Small segments, so that the contract is held across rolls as well.
    const common = { logDir, segmentBytes: 256, bytesMax: 64 * 1024 * 1024, logger: silentLogger };
    return {
      createAppender: () => createLocalAppender({ ...common, slot: 0 }),
      createReader: () => createLocalReader({ ...common, keepHours: 24 }),
      remove: () => rm(dataDir, { recursive: true, force: true }),
    };
  },
});
