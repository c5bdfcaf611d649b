/** Web pages that post usages: those of other sites are refused, those that the operator listed may read the answer. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { assertProblem, post, send, startFront, usage } from '../support/front.ts';

const app = 'https://app.example';
const evil = 'http://evil.example';

test('what a browser sends for a page of another site is 403 and not stored, whatever the path', async (t) => {
  const { port, appender, front } = await startFront(t, { USAGE_CORS_ORIGINS: app });
  const foreign: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'content-type': 'text/plain' },
    { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:9464' },
    { origin: evil },
    { origin: 'null' },
    // A name of its own that was pointed at this machine.
    { host: `evil.example:${port}`, origin: `${evil}:${port}` },
    { host: `evil.example:${port}`, origin: `${evil}:${port}`, 'sec-fetch-site': 'same-origin' },
  ];
  for (const headers of foreign) {
    const reply = await post(port, usage, headers);
    assertProblem(reply, 403, 'origin_not_allowed');
    assert.equal(reply.headers['access-control-allow-origin'], undefined);
    assertProblem(await send(port, { method: 'GET', path: '/healthz', headers }), 403, 'origin_not_allowed');
    assertProblem(await send(port, { method: 'OPTIONS', headers }), 403, 'origin_not_allowed');
  }
  assert.equal(appender.groups.length, 0);
  const metrics = await front.registry.metrics();
  assert.match(metrics, /usage_rejected_total\{code="origin_not_allowed"\} [1-9]/);
});

test('a page of its own may post, and so may what is no browser, by whatever name', async (t) => {
  const { port, appender } = await startFront(t);
  const own: Record<string, string>[] = [
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin', origin: `http://127.0.0.1:${port}` },
    { origin: `http://localhost:${port}`, host: `localhost:${port}` },
    { host: 'api.example' },
  ];
  for (const headers of own) {
    const reply = await post(port, usage, headers);
    assert.equal(reply.status, 201, JSON.stringify(headers));
    assert.equal(reply.headers['access-control-allow-origin'], undefined);
  }
  assert.equal(appender.rows().length, own.length);
});

test('a listed page asks first, posts, and reads whatever is answered', async (t) => {
  const { port } = await startFront(t, { USAGE_CORS_ORIGINS: `https://other.example,${app}` });
  const site = { origin: app, 'sec-fetch-site': 'cross-site' };
  const preflight = await send(port, {
    method: 'OPTIONS',
    headers: { ...site, 'access-control-request-method': 'POST' },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.text, '');
  assert.equal(preflight.headers['content-length'], undefined);
  assert.equal(preflight.headers['access-control-allow-origin'], app);
  assert.equal(preflight.headers['access-control-allow-methods'], 'POST');
  assert.match(preflight.headers['access-control-allow-headers']!, /Idempotency-Key/);
  const replies = [
    await post(port, usage, site),
    await post(port, '{', site),
    await post(port, usage, { ...site, 'content-type': 'text/html' }),
    await send(port, { method: 'GET', path: '/none', headers: site }),
  ];
  assert.deepEqual(
    replies.map(({ status }) => status),
    [201, 400, 415, 404],
  );
  for (const { headers } of replies) {
    assert.equal(headers['access-control-allow-origin'], app);
    assert.equal(headers.vary, 'Origin');
  }
});

test('OPTIONS of no page is 405', async (t) => {
  const { port } = await startFront(t);
  const headers = { 'access-control-request-method': 'POST' };
  assertProblem(await send(port, { method: 'OPTIONS', headers }), 405, 'method_not_allowed');
});
