/** Storing yields the CPU: the writer, and its sessions of the instance's own Postgres, and nobody else's. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import pg from 'pg';
import { createInstance, type Instance } from '../support/instance.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const linux = { skip: process.platform === 'linux' ? false : 'niceness is read from /proc' };

/** The nineteenth field, counted with the state as third: proc_pid_stat(5). */
async function niceness(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}

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

/** Those of the sessions that are open; at least one is, as the writer looks at its tables. */
async function openBackends(url: string): Promise<number[]> {
  let pids: number[] = [];
  await until(
    async () => {
      pids = await writerBackends(url);
      return pids.length > 0;
    },
    { what: 'the writer has a session' },
  );
  return pids;
}

test(
  'the writer and its sessions of the embedded Postgres are nice; fronts and others are not',
  linux,
  async (t) => {
    const instance = await start(t, {});
    const url = await instance.databaseUrl();
    for (const pid of await openBackends(url)) {
      await until(async () => (await niceness(pid)) === 10, { what: 'a session of the writer is nice' });
      await until(async () => [10, null].includes(await autogroupNiceness(pid)), { what: 'so is its group' });
    }
    const own = await niceness(process.pid);
    assert.equal(await niceness((await instance.pids('writer'))[0]!), 10);
    assert.equal(await niceness((await instance.pids('front'))[0]!), own);
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    try {
      const { rows } = await other.query<{ pid: number }>('select pg_backend_pid() as pid');
      assert.equal(await niceness(rows[0]!.pid), own);
    } finally {
      await other.end();
    }
    assert.ok(!instance.output().includes('"niceness_failed"'));
  },
);

test('USAGE_WRITER_NICENESS=0 leaves all as they were', linux, async (t) => {
  const instance = await start(t, { USAGE_WRITER_NICENESS: '0' });
  const backends = await openBackends(await instance.databaseUrl());
  const own = await niceness(process.pid);
  for (const pid of [...backends, ...(await instance.pids('writer'))]) assert.equal(await niceness(pid), own);
});

test("a Postgres of the operator's own is left alone, on the same machine, too", linux, async (t) => {
  const postgres = await startTestPostgres({ t });
  const instance = await start(t, { DATABASE_URL: postgres.url });
  const backends = await openBackends(postgres.url);
  assert.equal(await niceness((await instance.pids('writer'))[0]!), 10);
  const own = await niceness(process.pid);
  for (const pid of backends) assert.equal(await niceness(pid), own);
});
