/** A backlog that is larger than the writer may be: it is stored in batches, within the writer's bound on memory. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createInstance } from '../support/instance.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

/** What docs/guarantees.md promises, with default settings. */
const writerBytesMax = 200 * 1000 * 1000;
/** With nothing to store the writer takes some 120 MB, so holding this would take it far over its bound. */
const backlogBytesMin = 200 * 1000 * 1000;
const usagesARequest = 240;

test('catching up a backlog takes bounded memory', { timeout: 600_000 }, async (t) => {
  const postgres = await startTestPostgres({ t });
  const databaseUrl = await postgres.createDatabase();
  const instance = await createInstance({ USAGE_FRONTS: '1', DATABASE_URL: databaseUrl });
  t.after(() => instance.close());
  await instance.start();
  await until(async () => (await instance.metric('usage_postgres_up')) === 1, { what: 'Postgres is seen' });
  await postgres.stop();

  const usage = {
    patientId: 'p',
    medication: 'Albuterol',
    timestamp: '2016-11-01T09:11:51Z',
    note: 'n'.repeat(4000),
  };
  const body = JSON.stringify(Array.from({ length: usagesARequest }, () => usage));
  const requests = Math.ceil(backlogBytesMin / body.length);
  for (let sent = 0; sent < requests; sent++) {
    await until(async () => (await postOnce(instance.url, body)) === 201, {
      what: 'a request is acknowledged',
    });
  }
  await until(async () => (await instance.metric('usage_log_backlog_records')) > 0, { what: 'a backlog' });
  // Told once a second.
  await until(async () => (await instance.metric('usage_log_bytes')) > backlogBytesMin * 0.9, {
    what: 'the backlog is as large as it must be',
  });
  const [writer] = await instance.pids('writer');

  await postgres.restart();
  await until(async () => (await instance.metric('usage_log_backlog_records')) === 0, {
    what: 'all is stored',
    timeoutMs: 300_000,
  });
  assert.deepEqual(await instance.pids('writer'), [writer], 'the same writer did it all');
  const peak = await peakBytes(writer!);
  t.diagnostic(`the writer's peak was ${Math.round(peak / 1e6)} MB`);
  assert.ok(peak < writerBytesMax, `the writer took ${peak} bytes`);
  // A request that was answered 503 and repeated may be stored twice: it has no ids.
  const [row] = await query<{ count: string }>(databaseUrl, 'select count(*) from usages');
  assert.ok(Number(row!.count) >= requests * usagesARequest);
  assert.equal(await instance.stop(), 0);
});

async function postOnce(url: string, body: string): Promise<number> {
  const response = await fetch(`${url}/api/usages`, { method: 'POST', body });
  await response.arrayBuffer();
  return response.status;
}

/** The most memory that a process ever had resident. */
async function peakBytes(pid: number): Promise<number> {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kilobytes) * 1024;
}
