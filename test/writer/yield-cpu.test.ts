/** Storing yields the CPU: the writer, and its sessions of the instance's own Postgres, and nobody else's. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import pg from 'pg';
import { createInstance, type Instance } from '../support/instance.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

/** Null where the kernel has no such groups. */
async function autogroupNiceness(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/autogroup`, 'utf8').catch(() => '');
  const found = /nice (-?\d+)/.exec(text);
  return found && Number(found[1]);
}

const writerBackends = async (url: string) =>
  (
    await query<{ pid: number }>(
      url,
      "select pid from pg_stat_activity where application_name = 'usage-ingest writer'",
    )
  ).map(({ pid }) => pid);

async function start(
  t: { after(close: () => Promise<void>): void },
  environment: Record<string, string>,
): Promise<Instance> {
  const instance = await createInstance({ USAGE_FRONTS: '1', ...environment });
  t.after(() => instance.close());
  await instance.start();
  return instance;
}

/** Those of the sessions over which a usage was just stored. */
async function openBackends(instance: Instance, url: string): Promise<number[]> {
  const body = '{"patientId":"100","timestamp":"2026-06-15T12:00:00Z","medication":"Albuterol"}';
  assert.equal((await fetch(`${instance.url}/api/usages`, { method: 'POST', body })).status, 201);
  const isStored = async () => (await query(url, 'select from usages').catch(() => [])).length > 0;
  await until(isStored, { what: 'the usage is stored' });
  const pids = await writerBackends(url);
  assert.ok(pids.length > 0);
  return pids;
}

test('the writer and its sessions of the embedded Postgres are nice; fronts and others are not', async (t) => {
  const instance = await start(t, {});
  const url = await instance.databaseUrl();
  for (const pid of await openBackends(instance, url)) {
    await until(() => getPriority(pid) === 10, { what: 'a session of the writer is nice' });
    await until(async () => [10, null].includes(await autogroupNiceness(pid)), { what: 'so is its group' });
  }
  const own = getPriority(process.pid);
  assert.equal(getPriority((await instance.pids('writer'))[0]!), 10);
  assert.equal(getPriority((await instance.pids('front'))[0]!), own);
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  try {
    const { rows } = await other.query<{ pid: number }>('select pg_backend_pid() as pid');
    assert.equal(getPriority(rows[0]!.pid), own);
  } finally {
    await other.end();
  }
  assert.ok(!instance.output().includes('"niceness_failed"'));
});

test('USAGE_WRITER_NICENESS=0 leaves all as they were', async (t) => {
  const instance = await start(t, { USAGE_WRITER_NICENESS: '0' });
  const backends = await openBackends(instance, await instance.databaseUrl());
  const own = getPriority(process.pid);
  for (const pid of [...backends, ...(await instance.pids('writer'))]) assert.equal(getPriority(pid), own);
});

test("a Postgres of the operator's own is left alone, on the same machine, too", async (t) => {
  const postgres = await startTestPostgres({ t });
  const instance = await start(t, { DATABASE_URL: postgres.url });
  const backends = await openBackends(instance, postgres.url);
  assert.equal(getPriority((await instance.pids('writer'))[0]!), 10);
  const own = getPriority(process.pid);
  for (const pid of backends) assert.equal(getPriority(pid), own);
});
