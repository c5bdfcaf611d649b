import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { processesOf, startEmbeddedProcess, temporaryFolder } from '../../support/embedded-process.ts';
import { query } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const onLinux = { skip: process.platform === 'linux' ? false : 'reads /proc' };

test(
  'the server ends when its owner is killed, and the next start has everything committed',
  onLinux,
  async (t) => {
    const dataDir = await temporaryFolder(t);
    const first = startEmbeddedProcess(t, { dataDir });
    const { url } = await first.started;
    await query(url, 'create table kept (n int)');
    await query(url, 'insert into kept values (7)');
    assert.ok((await processesOf(dataDir)).length > 5);
    await first.killOwner();
    await until(async () => (await processesOf(dataDir)).length === 0, { what: 'server and watcher end' });
    const again = await startEmbeddedProcess(t, { dataDir }).started;
    assert.deepEqual(await query(again.url, 'select n from kept'), [{ n: 7 }]);
  },
);

test(
  'a server left running by an owner and a watcher that were killed is ended by the next start',
  onLinux,
  async (t) => {
    const dataDir = await temporaryFolder(t);
    const first = startEmbeddedProcess(t, { dataDir });
    const { url, pid } = await first.started;
    await query(url, 'create table kept (n int)');
    const watchers = (await processesOf(dataDir)).filter(({ command }) => command.startsWith('/bin/sh'));
    assert.equal(watchers.length, 1);
    process.kill(watchers[0]!.pid, 'SIGKILL');
    await first.killOwner();
    assert.ok(
      (await processesOf(dataDir)).some((one) => one.pid === pid),
      'it is an orphan',
    );
    const again = await startEmbeddedProcess(t, { dataDir }).started;
    assert.notEqual(again.pid, pid);
    assert.ok(!(await processesOf(dataDir)).some((one) => one.pid === pid));
    assert.deepEqual(await query(again.url, 'select * from kept'), []);
  },
);

test(
  'everything killed at once, in the middle of writes: recovers to what was committed',
  onLinux,
  async (t) => {
    const dataDir = await temporaryFolder(t);
    const first = startEmbeddedProcess(t, { dataDir });
    const { url } = await first.started;
    await query(url, 'create table kept (n int)');
    let committed = 0;
    const writing = (async () => {
      for (;;) {
        await query(url, `insert into kept select generate_series(1, 100)`);
        committed += 100;
      }
    })();
    writing.catch(() => {});
    await until(() => committed >= 500, { what: 'some commits' });
    const all = await processesOf(dataDir);
    first.child.kill('SIGKILL');
    for (const { pid } of all) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // A short-lived one has ended.
      }
    }
    await first.killOwner();
    await assert.rejects(writing);
    const { url: again } = await startEmbeddedProcess(t, { dataDir }).started;
    const [row] = await query<{ n: string }>(again, 'select count(*) as n from kept');
    assert.ok([committed, committed + 100].includes(Number(row!.n)), `${row!.n} of ${committed}`);
  },
);

test(
  'killed while it makes its data: the next start makes it whole and leaves no rubbish',
  onLinux,
  async (t) => {
    const dataDir = await temporaryFolder(t);
    const first = startEmbeddedProcess(t, { dataDir });
    const root = join(dataDir, 'postgres');
    await until(
      async () => (await processesOf(dataDir)).some(({ command }) => command.includes('/initdb ')),
      {
        what: 'initdb runs',
      },
    );
    await first.killOwner();
    await until(async () => (await processesOf(dataDir)).length === 0, { what: 'initdb ends' });
    assert.ok(!(await readdir(root)).includes('data'));
    const { url } = await startEmbeddedProcess(t, { dataDir }).started;
    assert.deepEqual(await query(url, 'select 1 as n'), [{ n: 1 }]);
    assert.deepEqual(await readdir(root), ['connection.json', 'data', 'owner.json', 'server.log']);
  },
);

test('a second owner on one folder is refused while the first lives', onLinux, async (t) => {
  const dataDir = await temporaryFolder(t);
  const first = startEmbeddedProcess(t, { dataDir });
  const { url } = await first.started;
  const second = await startEmbeddedProcess(t, { dataDir, inUseTimeoutMs: 200 }).failed;
  assert.equal(second.failed, 'in_use');
  assert.match(second.message, new RegExp(`process ${first.child.pid} runs`));
  assert.deepEqual(await query(url, 'select 1 as n'), [{ n: 1 }], 'the first is unharmed');
});

test(
  'a backend that outlives its killed server is waited for: two never write at once',
  onLinux,
  async (t) => {
    const dataDir = await temporaryFolder(t);
    const first = startEmbeddedProcess(t, { dataDir });
    const { url, pid } = await first.started;
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const backend = rows[0]!.pid;
    process.kill(backend, 'SIGSTOP');
    process.kill(pid, 'SIGKILL');
    await first.killOwner();
    const again = startEmbeddedProcess(t, { dataDir });
    const log = join(dataDir, 'postgres', 'server.log');
    await until(async () => /pre-existing shared memory block/.test(await readFile(log, 'utf8')), {
      what: 'the new server sees the old backend',
    });
    process.kill(backend, 'SIGCONT');
    assert.deepEqual(await query((await again.started).url, 'select 1 as n'), [{ n: 1 }]);
  },
);
