/** How the server is ended by whoever does not know its processes: npm, npx, a service manager, a signal to all of them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptPort } from '../../harness/kept-port.ts';
import { errorCode } from '../../src/system/errno.ts';
import { usage } from '../support/front.ts';
import { createInstance } from '../support/instance.ts';
import { until } from '../support/until.ts';

test('SIGTERM to npm stops the server and all its processes', async (t) => {
  const instance = await createInstance({}, ['npm', 'start']);
  t.after(() => instance.close());
  await instance.start();
  await instance.databaseUrl();
  const [postgres] = await instance.pids('postgres');
  assert.ok(postgres, 'the embedded server runs');
  await instance.stop();
  assert.deepEqual(await instance.pids('postgres'), []);
  assert.match(instance.output(), /stopped/);
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`${signal} to npx leaves no orphan that goes on answering`, async (t) => {
    const instance = await createInstance({}, ['npx', 'usage-ingest', 'start']);
    t.after(() => instance.close());
    await instance.start();
    await instance.databaseUrl();
    const [npx] = await instance.pids('supervisor');
    process.kill(npx!, signal);
    await instance.ended();
    assert.deepEqual(await instance.pids('postgres'), []);
    assert.match(instance.output(), /"event":"instance_stopped"/);
  });
}

test('a role that npx started alone ends with it too', async (t) => {
  const command = ['npx', 'usage-ingest', 'start', '--role', 'front'];
  const instance = await createInstance({ ADMIN_PORT: `${await keptPort()}` }, command);
  t.after(() => instance.close());
  await instance.start();
  const [npx] = await instance.pids('supervisor');
  process.kill(npx!, 'SIGTERM');
  await instance.ended();
  assert.match(instance.output(), /"event":"role_stopped"/);
});

test("a signal to every process, the database's too, is one stop: systemd's KillMode=control-group", async (t) => {
  const instance = await createInstance({ USAGE_DRAIN_MS: '2000', USAGE_FRONTS: '2' });
  t.after(() => instance.close());
  await instance.start();
  await instance.databaseUrl();
  const [supervisor] = await instance.pids('supervisor');
  assert.equal(await postUsage(instance.url), 201);
  for (const pid of [supervisor!, ...(await instance.childrenOf(supervisor!))]) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch (error) {
      // Postgres' workers come and go.
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  }
  await until(async () => (await fetch(`${instance.url}/readyz`)).status === 503, {
    what: 'the drain began',
  });
  assert.equal(await postUsage(instance.url), 201);
  await instance.ended();
  for (const event of ['role_exited', 'postgres_exited', 'stop_forced'])
    assert.ok(!instance.output().includes(`"event":"${event}"`), instance.output());
  assert.match(instance.output(), /"event":"instance_stopped"/);
});

async function postUsage(url: string): Promise<number> {
  return (await fetch(`${url}/api/usages`, { method: 'POST', body: JSON.stringify(usage) })).status;
}
