/** The admin port over real sockets: its own paths, and files served from a fixed table. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { AdminPaths } from '../../src/admin/admin-paths.ts';
import { createAdminServer } from '../../src/admin/admin-server.ts';
import { contentSecurityPolicy, serveFiles } from '../../src/admin/static-files.ts';
import { until } from '../support/until.ts';

async function startAdmin(t: TestContext, ...parts: AdminPaths[]): Promise<string> {
  return startAdminOn('127.0.0.1', t, ...parts);
}

async function startAdminOn(host: string, t: TestContext, ...parts: AdminPaths[]): Promise<string> {
  const admin = createAdminServer({
    host,
    port: 0,
    metricsText: () => '',
    readiness: () => ({ ready: true, reason: 'ready' }),
    parts,
  });
  t.after(() => admin.stop());
  return `http://127.0.0.1:${await admin.start()}`;
}

/** The path as it is given: fetch would resolve the dots away. */
function statusOf(url: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { path }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    sent.on('error', reject);
    sent.end();
  });
}

function pageFolder(t: TestContext): URL {
  const folder = mkdtempSync(join(tmpdir(), 'usage-pages-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'page.html'), '<!doctype html><title>é</title>');
  writeFileSync(join(folder, 'secret.html'), 'not in the table');
  return pathToFileURL(`${folder}/`);
}

test('a file of the table: type, policy, and 304 until it changes', async (t) => {
  const folder = pageFolder(t);
  const file = new URL('page.html', folder);
  const url = await startAdmin(t, serveFiles({ '/': file }, contentSecurityPolicy()));
  const first = await fetch(url);
  assert.equal(first.status, 200);
  assert.equal(await first.text(), '<!doctype html><title>é</title>');
  assert.equal(first.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(first.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(first.headers.get('referrer-policy'), 'no-referrer');
  assert.match(first.headers.get('content-security-policy')!, /default-src 'none'.*frame-ancestors 'none'/);

  const ifNoneMatch = { 'if-none-match': first.headers.get('etag')!, 'cache-control': 'no-cache' };
  assert.equal((await fetch(url, { headers: ifNoneMatch })).status, 304);
  writeFileSync(file, 'changed');
  assert.equal(await (await fetch(url, { headers: ifNoneMatch })).text(), 'changed');

  const head = await fetch(url, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), '7');
  assert.equal(await head.text(), '');
  const post = await fetch(url, { method: 'POST', body: 'x' });
  assert.equal(post.status, 405);
  assert.equal(post.headers.get('allow'), 'GET, HEAD');
});

test('nothing but the table is there, however a path is written', async (t) => {
  const folder = pageFolder(t);
  const url = await startAdmin(t, serveFiles({ '/pages/page.html': new URL('page.html', folder) }, 'x'));
  assert.equal(await statusOf(url, '/pages/page.html'), 200);
  assert.equal(await statusOf(url, '/pages/page.html?a=b'), 200);
  for (const path of [
    '/pages/secret.html',
    '/pages/../pages/page.html',
    '/pages/%70age.html',
    '/pages/page.html/',
    '/pages//page.html',
    '/..%2f..%2fetc/passwd',
    '//',
    '/__proto__',
    '/constructor',
    '*',
  ])
    assert.equal(await statusOf(url, path), 404, path);
});

test('a file that is gone is told, and told how to mend', async (t) => {
  const folder = pageFolder(t);
  const url = await startAdmin(t, serveFiles({ '/': new URL('gone.html', folder) }, 'x'));
  const gone = await fetch(url);
  assert.equal(gone.status, 500);
  assert.match(((await gone.json()) as { detail: string }).detail, /npm ci/);
});

test('an answer that fails is 500, and breaks off where it had begun', async (t) => {
  const url = await startAdmin(t, {
    '/fails': { allow: 'GET, HEAD', answer: () => Promise.reject(new Error('secret')) },
    '/breaks': {
      allow: 'GET, HEAD',
      async answer(_, response) {
        response.write('half');
        throw new Error('secret');
      },
    },
  });
  const fails = await fetch(`${url}/fails`);
  assert.equal(fails.status, 500);
  assert.doesNotMatch(await fails.text(), /secret/);
  await assert.rejects(async () => (await fetch(`${url}/breaks`)).text());
});

test('a type nobody knows and a path that two parts have are refused at once', () => {
  assert.throws(() => serveFiles({ '/x': new URL('file:///x.exe') }, 'x'), RangeError);
  const part = serveFiles({ '/metrics': new URL('file:///x.html') }, 'x');
  assert.throws(
    () =>
      createAdminServer({
        host: '127.0.0.1',
        port: 0,
        metricsText: () => '',
        readiness: () => ({ ready: true, reason: '' }),
        parts: [part],
      }),
    RangeError,
  );
});

/** Connections that stay as they are after they sent `begun`. */
async function occupy(t: TestContext, url: string, count: number, begun: string): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(Number(new URL(url).port), '127.0.0.1'));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(
    sockets.map(async (socket) => {
      socket.resume();
      socket.on('error', () => {}); // those that are sent away may see a reset
      await once(socket, 'connect');
      if (begun !== '') socket.write(begun);
    }),
  );
  return sockets;
}

/** On a connection of its own. */
function ask(url: string, headers: OutgoingHttpHeaders = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('connections that ask nothing keep nobody out, and are closed within seconds', async (t) => {
  const url = await startAdmin(t);
  for (const begun of ['', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-A: ']) {
    const sockets = await occupy(t, url, 250, begun);
    for (const path of ['/healthz', '/metrics', '/docs']) assert.equal(await ask(`${url}${path}`), 200, path);
    await until(() => sockets.every(({ closed }) => closed), { what: 'they are closed' });
  }
});

test('where every seat is at work, whether the server is well is still answered', async (t) => {
  let begun = 0;
  const url = await startAdmin(t, { '/slow': { allow: 'GET, HEAD', answer: () => void begun++ } });
  await occupy(t, url, 100, 'GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => begun === 100, { what: 'all are at work' });
  for (const path of ['/healthz', '/readyz', '/metrics']) assert.equal(await ask(`${url}${path}`), 200, path);
  assert.equal(await ask(`${url}/docs`), 503);
});

test('no path is answered to a page of another site, whichever address the port listens on', async (t) => {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const url = (await startAdminOn(host, t)).replace('0.0.0.0', '127.0.0.1');
    for (const path of ['/metrics', '/healthz', '/readyz', '/docs', '/none']) {
      for (const foreign of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { origin: 'http://evil.example' },
        { origin: 'null' },
      ]) {
        assert.equal(await ask(`${url}${path}`, foreign), 403, `${host} ${path} ${JSON.stringify(foreign)}`);
      }
    }
    const own = { 'sec-fetch-site': 'same-origin', origin: url };
    for (const fine of [{}, own, { 'sec-fetch-site': 'none' }])
      assert.equal(await ask(`${url}/metrics`, fine), 200, JSON.stringify(fine));
    // A link to the page, followed by a person from a mail or a dashboard.
    const followed = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    assert.equal(await ask(`${url}/docs`, followed), 200);
    assert.equal(await ask(`${url}/docs`, { ...followed, 'sec-fetch-dest': 'iframe' }), 403);
  }
});

test('a foreign name that was pointed at loopback is answered nothing, a name elsewhere may be any', async (t) => {
  const local = await startAdmin(t);
  for (const path of ['/metrics', '/readyz', '/docs', '/none'])
    assert.equal(await ask(`${local}${path}`, { host: 'rebound.example' }), 421, path);
  for (const host of ['localhost', 'localhost:9464', '127.0.0.1', '[::1]:9464'])
    assert.equal(await ask(`${local}/metrics`, { host }), 200, host);
  const everywhere = (await startAdminOn('0.0.0.0', t)).replace('0.0.0.0', '127.0.0.1');
  assert.equal(await ask(`${everywhere}/metrics`, { host: 'ingest.example' }), 200);
});
