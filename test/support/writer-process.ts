/** The writer as the process that it is in production, for tests that kill or stop it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLocalAppender, type LocalAppender } from '../../src/log/local/appender.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { closeAfter } from './close-after.ts';
import { makeTempDir } from './local-log.ts';

export interface WriterProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Lines of its log so far. */
  logText(): string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts `src/writer/process.ts` on a log folder; ended with the test at the latest. */
export function spawnWriter(
  t: TestContext,
  dataDir: string,
  databaseUrl: string,
  environment: Record<string, string> = {},
): WriterProcess {
  const entry = fileURLToPath(new URL('../../src/writer/process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry], {
    env: {
      PATH: process.env.PATH,
      DATA_DIR: dataDir,
      DATABASE_URL: databaseUrl,
      ADMIN_PORT: '0',
      USAGE_WRITER_LOCK_TIMEOUT_MS: '300',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (bytes) => {
      text = (text + bytes).slice(-200_000);
    });
  }
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, pid: child.pid!, logText: () => text, ended };
}

export interface TestLog {
  readonly dataDir: string;
  readonly appender: LocalAppender;
  /** A new partition, as the start of another front makes it. */
  addAppender(slot?: number): Promise<LocalAppender>;
}

/** A local log in a folder of its own, with an appender in this process. */
export async function createTestLog(t: TestContext): Promise<TestLog> {
  const dataDir = await makeTempDir(t);
  let appenders = 0;
  const addAppender = async (slot = appenders) => {
    const appender = createLocalAppender({
      logDir: join(dataDir, 'log'),
      slot,
      segmentBytes: 1024 * 1024,
      bytesMax: 1024 * 1024 * 1024,
      logger: silentLogger,
    });
    appenders += 1;
    closeAfter(t, () => appender.stop());
    await appender.start();
    return appender;
  };
  const appender = await addAppender();
  return { dataDir, appender, addAppender };
}
