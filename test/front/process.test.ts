/** A front as the process it is: settings from the environment, the local log under it, an orderly end on SIGTERM. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keptPort } from '../../harness/kept-port.ts';
import { createLocalReader } from '../../src/log/local/reader.ts';
import type { LogPartition } from '../../src/log/log.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { post, send, usage } from '../support/front.ts';
import { until } from '../support/until.ts';

const entry = fileURLToPath(new URL('../../src/front/process.ts', import.meta.url));

async function startProcess(t: TestContext, dataDir: string, environment: Record<string, string> = {}) {
  const port = await keptPort();
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', entry, '--worker', '0'],
    {
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        ADMIN_PORT: '0',
        DATA_DIR: dataDir,
        ...environment,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  t.after(() => child.kill('SIGKILL'));
  await until(
    () =>
      send(port, { method: 'GET', path: '/readyz' }).then(
        ({ status }) => status === 200,
        () => false,
      ),
    { what: 'the front is ready' },
  );
  return { port, child, exited };
}

/** The ids of every row in the log. */
async function idsInLog(dataDir: string): Promise<string[]> {
  const reader = createLocalReader({ logDir: join(dataDir, 'log'), logger: silentLogger, ...readerBounds });
  const partitions: LogPartition[] = [];
  await reader.start((partition) => partitions.push(partition));
  const ids: string[] = [];
  for (const partition of partitions) {
    let { first: position } = await partition.bounds();
    for (;;) {
      const records = await partition.read(position, 1024 * 1024);
      if (records === null) break;
      for (const { rows, next } of records) {
        for (const row of rows.toString('utf8').split('\n').slice(0, -1)) ids.push(row.split('\t')[0]!);
        position = next;
      }
    }
  }
  await reader.stop();
  return ids;
}

const readerBounds = { keepHours: 24, bytesMax: 2 ** 30, segmentBytes: 2 ** 25 };

test('what was answered 201 is in the local log once, and SIGTERM ends in order', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'front-process-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const { port, child, exited } = await startProcess(t, dataDir);
  const acknowledged: string[] = [];
  for (let i = 0; i < 5; i++) acknowledged.push((await post(port, usage)).json.id);
  const many = await post(port, new Array(1200).fill(usage));
  assert.equal(many.status, 201);
  acknowledged.push(...many.json.results.map(({ id }: { id: string }) => id));
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
  assert.deepEqual((await idsInLog(dataDir)).sort(), acknowledged.sort());
});

test('killed between durable and answered: the usage is in the log, and was not acknowledged', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'front-process-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const { port, exited } = await startProcess(t, dataDir, { FAILPOINT: 'appended' });
  const id = '0192f0c1-aaaa-7333-8444-555566667777';
  await assert.rejects(post(port, { ...usage, id }));
  assert.deepEqual(await exited, [null, 'SIGKILL']);
  const again = await startProcess(t, dataDir);
  assert.deepEqual((await post(again.port, { ...usage, id })).json, { id });
  again.child.kill('SIGTERM');
  await again.exited;
  assert.deepEqual(await idsInLog(dataDir), [id, id]);
});
