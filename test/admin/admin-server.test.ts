/** The admin port over real sockets: its own paths, and files served from a fixed table. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { AdminPaths } from '../../src/admin/admin-paths.ts';
import { createAdminServer } from '../../src/admin/admin-server.ts';
import { contentSecurityPolicy, serveFiles } from '../../src/admin/static-files.ts';

async function startAdmin(t: TestContext, ...parts: AdminPaths[]): Promise<string> {
  const admin = createAdminServer({
    host: '127.0.0.1',
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
