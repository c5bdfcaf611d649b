/** curl, autocannon and k6 as docs/clients.md shows them, and that every program of the page is run by a test. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fillLog, smallLog } from '../support/full-log.ts';
import { createInstance, type Instance } from '../support/instance.ts';
import { standInForK6 } from '../support/k6-stand-in.ts';
import { readSnippets, writeSnippets } from '../support/page-snippets.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { queueClients } from '../support/queue-clients.ts';
import { startSnippet } from '../support/snippet-process.ts';
import { until } from '../support/until.ts';

const tools = ['one.sh', 'file.sh', 'folder.sh', 'autocannon.sh', 'load.js'];
/** Run by test/docs/client-page.test.ts. */
const pages = ['page.html'];
const shell = (script: string) => ['bash', '-eu', script];
const postgres = await startTestPostgres();

async function startServer(t: { after(close: () => Promise<void>): void }) {
  const databaseUrl = await postgres.createDatabase();
  const instance = await createInstance({ USAGE_FRONTS: '1', DATABASE_URL: databaseUrl });
  t.after(() => instance.close());
  await instance.start();
  return { instance, databaseUrl };
}

async function storedIs(databaseUrl: string, count: number): Promise<void> {
  const stored = () => query<{ n: number }>(databaseUrl, 'SELECT count(*)::int AS n FROM usages');
  await until(async () => (await stored())[0]!.n >= count, { what: `${count} usages are stored` });
  assert.equal((await stored())[0]!.n, count);
}

/** Nothing acknowledged waits for Postgres any more, so what is there now is all there will be. */
async function settled(instance: Instance): Promise<void> {
  await until(async () => (await instance.metric('usage_log_backlog_records')) === 0, {
    what: 'the backlog is 0',
  });
}

test('every program of the page is run by a test, and every block is one', () => {
  const run = [...tools, ...pages, ...queueClients.flatMap(({ snippets }) => snippets)];
  assert.deepEqual([...readSnippets().keys()].sort(), run.sort());
  assert.throws(() => readSnippets('```sh\ntrue\n```\n'), /without a name/);
});

test('curl: one usage, through no server and a full log, stored once', { timeout: 300_000 }, async (t) => {
  const away = await startTestPostgres({ t });
  const databaseUrl = await away.createDatabase();
  await away.stop();
  const instance = await createInstance({ ...smallLog, DATABASE_URL: databaseUrl });
  t.after(() => instance.close());
  const folder = await writeSnippets(['one.sh'], t);

  const early = startSnippet(shell('one.sh'), { folder, url: instance.url });
  await until(() => /Will retry/.test(early.output()), {
    what: 'curl repeats what found no server',
  });
  await instance.start();
  assert.equal(await early.ended(), 0, early.output());

  await fillLog(instance);
  const late = startSnippet(shell('one.sh'), { folder, url: instance.url });
  await until(() => /HTTP error. Will retry/.test(late.output()), { what: 'curl is told 503' });
  await away.restart();
  assert.equal(await late.ended(), 0, late.output());
  const stored = () => query(databaseUrl, "SELECT id FROM usages WHERE patient_id = '100'");
  // The backlog alone is told once a second, and 0 may be from before the last usage.
  await until(async () => (await stored()).length >= 2, { what: 'both are stored' });
  await settled(instance);
  assert.equal((await stored()).length, 2);
});

test('curl: a file of usages without ids, sent twice, is stored once', async (t) => {
  const { instance, databaseUrl } = await startServer(t);
  const folder = await writeSnippets(['file.sh'], t);
  const lines = Array.from({ length: 1_000 }, (_, n) =>
    JSON.stringify({ patientId: n, medication: 'Albuterol', timestamp: '2016-11-01T09:11:51-05:00' }),
  );
  await writeFile(join(folder, 'usages.ndjson'), `${lines.join('\n')}\n`);
  for (let round = 0; round < 2; round++) {
    const run = startSnippet(shell('file.sh'), { folder, url: instance.url });
    assert.equal(await run.ended(), 0, run.output());
    const { accepted, rejected } = JSON.parse(run.output());
    assert.deepEqual([accepted, rejected], [1_000, 0]);
  }
  await storedIs(databaseUrl, 1_000);
  await until(async () => (await instance.metric('usage_duplicate_total')) === 1_000, {
    what: 'the second time was 1,000 duplicates',
  });
  await storedIs(databaseUrl, 1_000);
});

test('curl: a folder is a queue: kept without a server, emptied with one, refused set aside', async (t) => {
  const folder = await writeSnippets(['folder.sh'], t);
  const queue = join(folder, 'queue');
  await mkdir(queue);
  for (let n = 0; n < 5; n++) {
    const usage = { id: randomUUID(), patientId: n, medication: n === 2 ? '' : 'Albuterol', timestamp: 1e12 };
    await writeFile(join(queue, `${usage.id}.json`), JSON.stringify(usage));
  }
  const { instance, databaseUrl } = await startServer(t);
  const offline = startSnippet(shell('folder.sh'), { folder, url: 'http://127.0.0.1:1' });
  assert.equal(await offline.ended(), 75);
  assert.equal((await readdir(queue)).length, 5);
  const online = startSnippet(shell('folder.sh'), { folder, url: instance.url });
  assert.equal(await online.ended(), 0, online.output());
  assert.deepEqual(await readdir(queue), []);
  const [refused] = await readdir(join(folder, 'refused'));
  assert.equal(JSON.parse(await readFile(join(folder, 'refused', refused!), 'utf8')).patientId, 2);
  await storedIs(databaseUrl, 4);
});

test('autocannon: 20,000 requests are 20,000 usages', async (t) => {
  const { instance, databaseUrl } = await startServer(t);
  const folder = await writeSnippets(['autocannon.sh'], t);
  await symlink(join(import.meta.dirname, '..', '..', 'node_modules'), join(folder, 'node_modules'));
  const run = startSnippet(shell('autocannon.sh'), { folder, url: instance.url });
  assert.equal(await run.ended(), 0, run.output());
  await storedIs(databaseUrl, 20_000);
});

const hasK6 = spawnSync('k6', ['version']).status === 0;
const how = hasK6 ? 'run by k6' : 'k6 IS NOT ON THE PATH: its requests alone, made in Node';

test(`the k6 script (${how})`, async (t) => {
  const { instance, databaseUrl } = await startServer(t);
  const folder = await writeSnippets(['load.js'], t);
  const run = hasK6
    ? startSnippet(['k6', 'run', '--summary-export=summary.json', 'load.js'], {
        folder,
        url: instance.url,
        env: { DURATION: '3s', RATE: '50' },
      })
    : startSnippet(await standInForK6(folder), { folder, url: instance.url, env: { ITERATIONS: '20' } });
  assert.equal(await run.ended(), 0, run.output());
  const summary = join(folder, 'summary.json');
  assert.equal(existsSync(summary), hasK6);
  const iterations = hasK6 ? JSON.parse(await readFile(summary, 'utf8')).metrics.iterations.count : 20;
  assert.ok(iterations >= 20, run.output());
  await storedIs(databaseUrl, iterations);
});
