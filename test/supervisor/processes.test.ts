/** The supervisor over real processes (role fixtures) and real signals. */

import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keptPort } from '../../harness/kept-port.ts';
import { sampleSum } from '../support/instance.ts';
import { isAlive, type Supervised, startSupervised, temporaryFolder } from '../support/supervised.ts';
import { until } from '../support/until.ts';

const touch = (dataDir: string, name: string) => writeFileSync(join(dataDir, name), '');

/** Waits until a metric, summed over labels, has a value. */
async function untilMetric(instance: Supervised, name: string, value: number, labels = {}): Promise<void> {
  let last = Number.NaN;
  await until(
    async () => {
      last = sampleSum(await instance.metrics(), name, labels);
      return last === value;
    },
    { what: `${name} is ${value}`, timeoutMs: 30_000 },
  ).catch((error) => {
    throw new Error(`${error.message}, last ${last}\n${instance.output()}`);
  });
}

/** What a front was told of the instance's readiness. */
function told(instance: Supervised, worker: number): { ready: boolean; reason: string } | null {
  try {
    return JSON.parse(readFileSync(join(instance.dataDir, `front-${worker}.readiness`), 'utf8'));
  } catch {
    return null; // not written yet, or half
  }
}

test('started: every front knows that the instance is ready, metrics are those of all', async (t) => {
  const instance = startSupervised(t);
  const { adminUrl } = await instance.started();
  for (const worker of [0, 1]) {
    await until(() => told(instance, worker)?.ready, { what: `front ${worker} is told ready` });
  }
  const ready = await fetch(`${adminUrl}/readyz`);
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { ready: true, reason: 'ready' });
  assert.equal((await fetch(`${adminUrl}/healthz`)).status, 200);
  await untilMetric(instance, 'usage_accepted_total', 10);
  await untilMetric(instance, 'usage_front_waiting_bytes', 7, { worker: '1' });
  const text = await instance.metrics();
  for (const role of ['supervisor', 'front', 'writer']) {
    assert.match(text, new RegExp(`usage_process_resident_memory_bytes\\{role="${role}",worker="0"\\} \\d+`));
  }
  // Only the writer was given the database's URL.
  assert.equal(
    readFileSync(join(instance.dataDir, 'writer.database'), 'utf8'),
    'postgres://somebody:secret@127.0.0.1:1/nowhere',
  );
  assert.doesNotMatch(instance.output(), /secret/);
});

test('the admin port: 404, 405 with Allow, HEAD', async (t) => {
  const { adminUrl } = await startSupervised(t).started();
  assert.equal((await fetch(`${adminUrl}/other`)).status, 404);
  const post = await fetch(`${adminUrl}/metrics`, { method: 'POST', body: 'x'.repeat(100_000) });
  assert.equal(post.status, 405);
  assert.equal(post.headers.get('allow'), 'GET, HEAD');
  const head = await fetch(`${adminUrl}/metrics`, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
});

test('a front killed by SIGKILL is started again and its counters stay in the sum', async (t) => {
  const instance = startSupervised(t);
  await instance.started();
  await untilMetric(instance, 'usage_accepted_total', 10);
  const first = instance.pid('front', 1);
  process.kill(first, 'SIGKILL');
  await untilMetric(instance, 'usage_accepted_total', 15);
  await until(() => instance.pid('front', 1) !== first, { what: 'the front that followed is told of' });
  await untilMetric(instance, 'usage_role_restarts_total', 1, { role: 'front', worker: '1' });
  assert.equal(sampleSum(await instance.metrics(), 'usage_role_restarts_total'), 1);
  await untilMetric(instance, 'usage_front_waiting_bytes', 14);
});

test('what a process counted at its very end is counted', async (t) => {
  const instance = startSupervised(t);
  await instance.started();
  process.kill(instance.pid('front', 0), 'SIGTERM');
  // 5 and 5, one more at the stop, 5 of the process that follows.
  await untilMetric(instance, 'usage_accepted_total', 16);
});

test('kills spread over time never add up to giving up', async (t) => {
  const instance = startSupervised(t, { env: { USAGE_FRONTS: '1' }, timing: { endsWithoutReadyMax: 2 } });
  await instance.started();
  for (let kills = 1; kills <= 4; kills++) {
    process.kill(instance.pid('front'), 'SIGKILL');
    const count = kills + 1;
    await until(
      () => instance.events('role_started').filter(({ ofRole }) => ofRole === 'front').length === count,
      {
        what: `front is ready for the ${count}th time`,
      },
    );
  }
  assert.equal(instance.child.exitCode, null);
});

test('a silent process is killed and started again', async (t) => {
  const instance = startSupervised(t, { timing: { silentMs: 3_000 } });
  await instance.started();
  const stuck = instance.pid('writer');
  process.kill(stuck, 'SIGSTOP');
  await until(() => instance.events('role_silent').length > 0, { what: 'the silence is noticed' });
  await until(() => instance.pid('writer') !== stuck, { what: 'the writer runs again' });
  assert.equal(isAlive(stuck), false);
  assert.equal(instance.events('role_silent').length, 1);
});

test('a front that cannot append makes the instance not ready until it can again', async (t) => {
  const instance = startSupervised(t);
  const { adminUrl } = await instance.started();
  await until(() => told(instance, 1)?.ready, { what: 'front 1 is told ready' });
  touch(instance.dataDir, 'front-0.full');
  await until(() => told(instance, 1)?.ready === false, { what: 'front 1 is told not ready' });
  assert.equal(told(instance, 1)?.reason, 'log full');
  assert.equal((await fetch(`${adminUrl}/readyz`)).status, 503);
  rmSync(join(instance.dataDir, 'front-0.full'));
  await until(() => told(instance, 1)?.ready, { what: 'front 1 is told ready again' });
});

test('an uncaught error is one log line without its text, and a restart', async (t) => {
  const instance = startSupervised(t, { env: { USAGE_FRONTS: '1' } });
  await instance.started();
  touch(instance.dataDir, 'front-0.throws');
  await until(() => instance.events('role_crashed').length > 0, { what: 'the crash is logged' });
  rmSync(join(instance.dataDir, 'front-0.throws'));
  await until(() => instance.events('role_started').filter(({ ofRole }) => ofRole === 'front').length > 1, {
    what: 'the front is ready again',
  });
  assert.doesNotMatch(instance.output(), /4711/);
});

test('SIGTERM: fronts stop, then the writer, exit 0', async (t) => {
  const instance = startSupervised(t);
  await instance.started();
  instance.child.kill('SIGTERM');
  assert.equal(await instance.exit(), 0, instance.output());
  const at = (name: string) => BigInt(readFileSync(join(instance.dataDir, name), 'utf8'));
  for (const front of ['front-0.stopped', 'front-1.stopped']) assert.ok(at(front) < at('writer.stopped'));
  assert.equal(instance.events('instance_stopped').length, 1);
  assert.equal(instance.events('role_exited').length, 0);
});

test('a drain: not ready is told while the fronts still work', async (t) => {
  const instance = startSupervised(t, { env: { USAGE_DRAIN_MS: '20000', USAGE_STOP_TIMEOUT_MS: '60000' } });
  const { adminUrl } = await instance.started();
  await until(() => told(instance, 0)?.ready, { what: 'front 0 is told ready' });
  instance.child.kill('SIGTERM');
  await until(() => told(instance, 0)?.reason === 'stopping', { what: 'front 0 is told of the stop' });
  assert.equal((await fetch(`${adminUrl}/readyz`)).status, 503);
  assert.ok(isAlive(instance.pid('front', 0)));
  await lose(instance);
  assert.equal(await instance.exit(), 1);
});

test("a terminal's Ctrl-C, which reaches every process and comes twice under npm, stops in order", async (t) => {
  const instance = startSupervised(t);
  await instance.started();
  for (const pid of [instance.pid('front', 0), instance.pid('front', 1), instance.pid('writer')]) {
    process.kill(pid, 'SIGINT');
  }
  instance.child.kill('SIGINT');
  instance.child.kill('SIGINT');
  assert.equal(await instance.exit(), 0, instance.output());
  assert.equal(instance.events('role_exited').length, 0);
});

test('a second signal forces what does not end, and nothing is left over', async (t) => {
  const instance = startSupervised(t);
  await instance.started();
  touch(instance.dataDir, 'front.never-stops');
  const pids = [instance.pid('front', 0), instance.pid('front', 1), instance.pid('writer')];
  instance.child.kill('SIGTERM');
  await until(() => instance.events('instance_stopping').length > 0, { what: 'the stop began' });
  await lose(instance);
  assert.equal(await instance.exit(), 1);
  assert.deepEqual(pids.filter(isAlive), []);
});

/** Asks again and again, as a person who has lost patience: the same signal at once counts as the first one. */
async function lose({ child }: Supervised): Promise<void> {
  await until(() => child.exitCode !== null || !child.kill('SIGTERM'), { what: 'the forced end' });
}

test('a signal to the whole group, even twice at once, is one stop: no process goes before its turn', async (t) => {
  const instance = startSupervised(t, { env: { USAGE_DRAIN_MS: '3000' } });
  const { adminUrl } = await instance.started();
  const roles = [instance.pid('front', 0), instance.pid('front', 1), instance.pid('writer')];
  for (const pid of [instance.child.pid!, ...roles, instance.child.pid!, ...roles])
    process.kill(pid, 'SIGTERM');
  await until(() => told(instance, 0)?.reason === 'stopping', { what: 'the drain began' });
  assert.equal((await fetch(`${adminUrl}/readyz`)).status, 503);
  assert.deepEqual(roles.filter(isAlive), roles);
  assert.equal(await instance.exit(), 0, instance.output());
  for (const event of ['role_exited', 'stop_forced'])
    assert.deepEqual(instance.events(event), [], instance.output());
});

test('the deadline forces what does not end', async (t) => {
  const instance = startSupervised(t, { env: { USAGE_STOP_TIMEOUT_MS: '1000' } });
  await instance.started();
  touch(instance.dataDir, 'front.never-stops');
  instance.child.kill('SIGTERM');
  assert.equal(await instance.exit(), 1);
});

test('a stop in the middle of a start ends it in order', async (t) => {
  const dataDir = temporaryFolder();
  touch(dataDir, 'front.hangs');
  const instance = startSupervised(t, { dataDir });
  await until(() => instance.events('role_started').length > 0, { what: 'the writer is ready, no front is' });
  instance.child.kill('SIGTERM');
  assert.equal(await instance.exit(), 0, instance.output());
  assert.equal(instance.events('instance_started').length, 0);
});

test('children end when the supervisor is killed, and the next one starts at once', async (t) => {
  const env = { PORT: String(await keptPort()) };
  const instance = startSupervised(t, { env });
  await instance.started();
  const pids = [instance.pid('front', 0), instance.pid('front', 1), instance.pid('writer')];
  instance.child.kill('SIGKILL');
  const next = startSupervised(t, { env, dataDir: instance.dataDir });
  await next.started();
  await until(() => pids.every((pid) => !isAlive(pid)), { what: 'the orphans have ended' });
});

test('a role that never gets ready ends the instance, exit 1', async (t) => {
  const dataDir = temporaryFolder();
  touch(dataDir, 'front.refuses');
  const instance = startSupervised(t, { dataDir, timing: { endsWithoutReadyMax: 3 } });
  assert.equal(await instance.exit(), 1);
  assert.equal(instance.events('role_given_up').length, 1);
});

test('a second instance on the same DATA_DIR refuses, exit 69', async (t) => {
  const first = startSupervised(t);
  await first.started();
  const second = startSupervised(t, { dataDir: first.dataDir });
  assert.equal(await second.exit(), 69);
  assert.match(second.output(), /another usage-ingest runs on DATA_DIR/);
  assert.equal(first.child.exitCode, null);
});

test('a port that is taken, of the API or of the admin, is refused, exit 69', async (t) => {
  const { PORT: taken } = await listeningPort(t);
  for (const name of ['PORT', 'ADMIN_PORT']) {
    const instance = startSupervised(t, { env: { [name]: taken } });
    assert.equal(await instance.exit(), 69);
    assert.match(
      instance.output(),
      new RegExp(`port ${taken}: another program listens there.* set another ${name}`),
    );
    assert.equal(instance.events('role_started').length, 0);
  }
});

async function listeningPort(t: TestContext): Promise<{ PORT: string }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { PORT: String((server.address() as { port: number }).port) };
}
