/** Who waits for a folder of the log to change is woken by it; who does not is left alone. */

import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { durableFiles } from '../../../src/log/local/durable-files.ts';
import { FolderWatch, Ticker } from '../../../src/log/local/wakeups.ts';
import { createLogger } from '../../../src/observability/logger.ts';

const logger = createLogger({ level: 'error', role: 'writer', worker: 0 });
/** So long that the clock wakes nobody in a test. */
const neverMs = 3_600_000;

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wakeups-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('a change wakes who waits; those after it wake nobody until somebody waits again', async (t) => {
  const folder = await folderOf(t);
  const folderWatch = new FolderWatch(durableFiles, folder, new Ticker(neverMs), logger);
  t.after(() => folderWatch.close());
  await folderWatch.wait(folderWatch.count);
  const woken = folderWatch.wait(folderWatch.count);
  await writeFile(join(folder, 'first'), 'x');
  await woken;

  const { count } = folderWatch;
  // The system tells in order: whoever is told of the last change was told of all before it.
  const last = Promise.withResolvers<void>();
  const other = watch(folder, (_, name) => name === 'last' && last.resolve());
  for (let n = 0; n < 100; n++) await writeFile(join(folder, 'first'), String(n));
  await writeFile(join(folder, 'last'), 'x');
  await last.promise;
  other.close();
  assert.equal(folderWatch.count, count);

  await folderWatch.wait(folderWatch.count);
  const wokenAgain = folderWatch.wait(folderWatch.count);
  await writeFile(join(folder, 'first'), 'y');
  await wokenAgain;
});

test('a change between a look and the wait for it is not lost', async (t) => {
  const folder = await folderOf(t);
  const folderWatch = new FolderWatch(durableFiles, folder, new Ticker(neverMs), logger);
  t.after(() => folderWatch.close());
  for (let n = 0; n < 20; n++) {
    const seen = folderWatch.count;
    await writeFile(join(folder, 'file'), String(n));
    await folderWatch.wait(seen);
  }
});

test('the clock wakes where the system tells nothing', async (t) => {
  const folderWatch = new FolderWatch(
    durableFiles,
    join(await folderOf(t), 'is not there'),
    new Ticker(20),
    logger,
  );
  t.after(() => folderWatch.close());
  await folderWatch.wait(folderWatch.count);
  await folderWatch.wait(folderWatch.count);
});

test('closing wakes who waits', async (t) => {
  const folderWatch = new FolderWatch(durableFiles, await folderOf(t), new Ticker(neverMs), logger);
  await folderWatch.wait(folderWatch.count);
  const woken = folderWatch.wait(folderWatch.count);
  folderWatch.close();
  await woken;
});
