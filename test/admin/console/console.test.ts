/** The console's side of the admin port: who may listen, what is told, who may send a sample, and to whom it is shown. */

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { createAdminServer } from '../../../src/admin/admin-server.ts';
import type { ConsoleSnapshot } from '../../../src/admin/console/snapshot.ts';
import { createEventStream } from '../../../src/admin/event-stream.ts';
import { startSupervised } from '../../support/supervised.ts';
import { until } from '../../support/until.ts';

/** Reads events until told to leave. */
function listen(url: string) {
  const leaving = new AbortController();
  const events: string[] = [];
  let ended = false;
  const status = fetch(url, { signal: leaving.signal }).then((response) => {
    void read(response);
    return response.status;
  });
  async function read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of response.body!) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const parts = text.split('\n\n');
        text = parts.pop()!;
        events.push(...parts.map((part) => part.replace(/^data: /, '')));
      }
    } catch {
      // left
    }
    ended = true;
  }
  return { status, events, leave: () => leaving.abort(), isEnded: () => ended };
}

async function startStream(t: TestContext, text: () => Promise<string>) {
  const stream = createEventStream({ everyMs: 20, listenersMax: 2, text });
  const admin = createAdminServer({
    host: '127.0.0.1',
    port: 0,
    metricsText: () => '',
    readiness: () => ({ ready: true, reason: 'ready' }),
    parts: [{ '/events': stream.path }],
  });
  t.after(() => admin.stop());
  return { stream, url: `http://127.0.0.1:${await admin.start()}/events` };
}

test('everyone hears the same; while nobody listens nothing is worked out', async (t) => {
  let told = 0;
  const { url } = await startStream(t, async () => `${++told}`);
  assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
  assert.equal(told, 0);
  const first = listen(url);
  const second = listen(url);
  await until(() => first.events.length > 3 && second.events.length > 3, { what: 'both hear' });
  assert.ok(first.events.slice(-2).some((event) => second.events.includes(event)));
  assert.deepEqual(
    first.events,
    [...first.events].sort((a, b) => Number(a) - Number(b)),
  );
  first.leave();
  second.leave();
  // What is told comes to rest once the server has seen that both are gone.
  let before = -1;
  await until(
    async () => {
      const isSame = told === before;
      before = told;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return isSame && told === before;
    },
    { what: 'nothing is worked out any more' },
  );
  const third = listen(url);
  await until(() => third.events.length > 1, { what: 'a later one hears again' });
  third.leave();
});

test('one listener too many is told so, and may come when another has left', async (t) => {
  const { url } = await startStream(t, async () => 'x');
  const some = [listen(url), listen(url)];
  for (const one of some) assert.equal(await one.status, 200);
  const refused = await fetch(url);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '5');
  assert.match(((await refused.json()) as { detail: string }).detail, /^2 pages listen already/);
  some[0]!.leave();
  const late = await until(
    async () => {
      const one = listen(url);
      return (await one.status) === 200 ? one : null;
    },
    { what: 'there is room again' },
  );
  for (const one of [some[1]!, late]) one.leave();
});

test('who reads nothing is cut off, and nothing piles up for it', async (t) => {
  const megabyte = 'x'.repeat(1024 * 1024);
  const { url } = await startStream(t, async () => megabyte);
  let ended = false;
  const lazy = request(url, (response) => {
    response.pause();
    response.socket.pause();
    response.socket.once('close', () => (ended = true));
    response.socket.once('error', () => (ended = true));
  });
  lazy.on('error', () => (ended = true));
  lazy.end();
  const reader = listen(url);
  // The place of the lazy one is free again: of two, the reader has the other.
  const next = await until(
    async () => {
      const one = listen(url);
      return (await one.status) === 200 ? one : null;
    },
    { what: 'the lazy one has lost its place' },
  );
  next.leave();
  reader.leave();
  lazy.destroy();
  await until(() => ended, { what: 'its socket is closed' });
});

test('a stop ends the streams, and what fails breaks them off', async (t) => {
  let fails = false;
  const { stream, url } = await startStream(t, async () => {
    if (fails) throw new Error('no metrics');
    return 'x';
  });
  const broken = listen(url);
  await until(() => broken.events.length > 0, { what: 'it hears' });
  fails = true;
  await until(() => broken.isEnded(), { what: 'it is broken off' });
  fails = false;
  const ended = listen(url);
  await until(() => ended.events.length > 0, { what: 'another hears' });
  stream.stop();
  await until(() => ended.isEnded(), { what: 'it is ended' });
  assert.equal((await fetch(url)).status, 503);
});

test('the snapshot is of all processes, and rates follow', async (t) => {
  const { adminUrl } = await startSupervised(t).started();
  const listener = listen(`${adminUrl}/events`);
  t.after(listener.leave);
  const last = () => JSON.parse(listener.events.at(-1) ?? 'null') as ConsoleSnapshot | null;
  const snapshot = await until(() => (last()?.processes.every(({ cpu }) => cpu !== null) ? last() : null), {
    what: 'every process has a rate of CPU',
  });
  assert.deepEqual(
    snapshot.processes.map(({ role, worker, ready, restarts }) => [role, worker, ready, restarts]),
    [
      ['supervisor', 0, true, 0],
      ['front', 0, true, 0],
      ['front', 1, true, 0],
      ['writer', 0, true, 0],
    ],
  );
  assert.equal(snapshot.total.accepted, 10);
  assert.equal(snapshot.postgresUp, true);
  assert.equal(snapshot.kafka, null);
  assert.deepEqual([snapshot.instance.ready, snapshot.instance.database], [true, 'external']);
  assert.ok(snapshot.processes.every(({ memoryBytes }) => memoryBytes! > 1_000_000));
});

/** With headers that fetch would not let anybody set. */
function ask(url: string, method: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('on loopback: nobody who came by a foreign name, no sample from a foreign page', async (t) => {
  const { adminUrl } = await startSupervised(t).started();
  for (const path of ['/', '/console/console.js', '/sample']) {
    const method = path === '/sample' ? 'POST' : 'GET';
    assert.equal(await ask(`${adminUrl}${path}`, method, { host: 'evil.example' }), 421, path);
  }
  assert.equal(await ask(`${adminUrl}/metrics`, 'GET', { host: 'scraped.example' }), 421);
  const sample = (headers: Record<string, string>) => ask(`${adminUrl}/sample`, 'POST', headers);
  const ours = { 'x-usage-console': 'sample' };
  assert.equal(await sample({}), 403);
  assert.equal(await sample({ ...ours, 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await sample({ ...ours, 'sec-fetch-site': 'same-site' }), 403);
  assert.equal(await sample({ ...ours, origin: 'http://evil.example' }), 403);
  assert.equal(await sample({ ...ours, origin: 'null' }), 403);
  // The fixture's fronts listen nowhere: it got that far.
  assert.equal(await sample({ ...ours, 'sec-fetch-site': 'same-origin', origin: adminUrl }), 502);
  const preflight = await fetch(`${adminUrl}/sample`, { method: 'OPTIONS' });
  assert.equal(preflight.status, 405);
  assert.equal(preflight.headers.get('access-control-allow-origin'), null);
});

test('where others can reach either port, no sample is sent', async (t) => {
  for (const name of ['HOST', 'ADMIN_HOST']) {
    const { adminUrl } = await startSupervised(t, { env: { [name]: '0.0.0.0' } }).started();
    const headers = { 'x-usage-console': 'sample' };
    assert.equal(await ask(`${adminUrl}/sample`, 'POST', headers), 404, name);
    const listener = listen(`${adminUrl}/events`);
    await until(() => listener.events.length > 0, { what: 'it hears' });
    assert.equal((JSON.parse(listener.events[0]!) as ConsoleSnapshot).instance.sample, false);
    listener.leave();
  }
});
