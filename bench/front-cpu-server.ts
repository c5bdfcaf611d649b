/** One of the two servers that `front-cpu.ts` compares. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from '../src/config/settings.ts';
import { createFront } from '../src/front/front.ts';
import { createLocalAppender } from '../src/log/local/appender.ts';
import { silentLogger } from '../src/observability/logger.ts';
import { startBareServer } from './limits/bare-server.ts';

const folder = await mkdtemp(join(tmpdir(), 'front-cpu-'));

async function startFront(): Promise<number> {
  const settings = settingsSchema.parse({});
  const appender = createLocalAppender({
    logDir: join(folder, 'log'),
    slot: 0,
    segmentBytes: settings.USAGE_LOG_SEGMENT_BYTES,
    bytesMax: settings.USAGE_LOCAL_LOG_BYTES_MAX,
    logger: silentLogger,
  });
  await appender.start();
  const front = createFront({
    host: '127.0.0.1',
    port: 0,
    settings,
    appender,
    logger: silentLogger,
    readiness: () => ({ ready: true, reason: '' }),
    worker: 0,
  });
  await front.start();
  return front.port;
}

const port = process.argv[2] === 'bare' ? await startBareServer(0) : await startFront();
process.on('message', async (message) => {
  if (message === 'stop') {
    await rm(folder, { recursive: true });
    process.exit(0);
  }
  const { user, system } = process.cpuUsage();
  process.send!({ cpuUs: user + system });
});
process.send!({ port });
