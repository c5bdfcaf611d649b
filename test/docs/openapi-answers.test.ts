/** The API document against real fronts: its examples, and that every answer it promises is one that is given. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { apiDocumentFile, readApiDocument } from '../../src/observability/api-document.ts';
import { apiDocument, assertDescribed } from '../support/api-document.ts';
import { appendFailed, connectRaw, post, type Reply, send, startFront, usage } from '../support/front.ts';
import { knownKey, makeKeyFile } from '../support/known-key.ts';
import { until } from '../support/until.ts';

const usages = { path: '/api/usages', method: 'POST' };

test('GET /openapi.json is the committed document, HEAD its length', async (t) => {
  const { port } = await startFront(t);
  const reply = await send(port, { method: 'GET', path: '/openapi.json' });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['content-type'], 'application/json');
  assert.equal(reply.text, readFileSync(apiDocumentFile, 'utf8'));
  const head = await send(port, { method: 'HEAD', path: '/openapi.json' });
  assert.equal(head.headers['content-length'], String(Buffer.byteLength(reply.text)));
  assert.equal(head.headers['content-type'], 'application/json');
  assert.equal(head.text, '');
});

test('an installation without the document is told, and how to mend it', async () => {
  await assert.rejects(readApiDocument(new URL('file:///nowhere/openapi.json')), /install it anew/);
  // What is there but is no JSON.
  await assert.rejects(readApiDocument(new URL(import.meta.url)), /install it anew/);
});

test('every example of a request gives the status that it says, and an answer as described', async (t) => {
  const { port } = await startFront(t);
  const { content } = apiDocument.paths['/api/usages']!.post!.requestBody!;
  const statuses = new Set<number>();
  for (const [type, { examples }] of Object.entries(content))
    for (const [name, { value, description }] of Object.entries(examples!)) {
      const reply = await post(port, value, { 'content-type': type });
      assert.equal(
        `Answered ${reply.status}`,
        description!.slice(0, 'Answered 201'.length),
        `${type} ${name}`,
      );
      assertDescribed(usages, reply);
      statuses.add(reply.status);
    }
  assert.deepEqual([...statuses].sort(), [201, 207]);
});

test('the answers shown for arrays are what the server answers', async (t) => {
  const { port } = await startFront(t);
  const { content } = apiDocument.paths['/api/usages']!.post!.requestBody!;
  const { responses } = apiDocument.paths['/api/usages']!.post!;
  const requests = content['application/json']!.examples!;
  const { medication: _, ...incomplete } = usage;
  const shown: [request: unknown, status: number, name: string][] = [
    [requests.oneUsage!.value, 201, 'oneUsage'],
    [requests.severalUsages!.value, 201, 'severalUsages'],
    [requests.someInvalid!.value, 207, 'someInvalid'],
    [[incomplete, 7], 422, 'allInvalid'],
  ];
  // Ids that the server makes differ each time.
  const withoutIds = (json: unknown) => JSON.stringify(json).replaceAll(/"[0-9a-f-]{36}"/g, '"id"');
  for (const [request, status, name] of shown) {
    const reply = await post(port, request);
    assertDescribed(usages, reply);
    const example = responses[status]!.content!['application/json']!.examples![name]!;
    assert.equal(withoutIds(reply.json), withoutIds(example.value), name);
  }
});

test('health and readiness answer as described, ready or not, GET and HEAD', async (t) => {
  let state = { ready: true, reason: '' };
  const { port } = await startFront(t, {}, { readiness: () => state });
  for (const next of [state, { ready: false, reason: 'stopping' }]) {
    state = next;
    for (const path of ['/healthz', '/readyz', '/openapi.json'])
      for (const method of ['GET', 'HEAD']) {
        const reply = await send(port, { method, path });
        assertDescribed({ path, method }, reply);
        assert.equal(reply.status, path === '/readyz' && !state.ready ? 503 : 200);
      }
  }
});

/** A reply to bytes that no client would send, from what a raw connection received. */
function rawReply(received: string): Reply {
  const [head, text] = received.split('\r\n\r\n', 2) as [string, string];
  const [line, ...fields] = head.split('\r\n');
  const headers = Object.fromEntries(fields.map((field) => field.toLowerCase().split(': ', 2)));
  return { status: Number(line!.split(' ')[1]), headers, text, json: JSON.parse(text) };
}

test('every problem of the document but a mistake of ours is given, as described', async (t) => {
  const given = new Map<string, number>();
  const take = (reply: Reply) => {
    assertDescribed(usages, reply);
    given.set(reply.json.code, reply.status);
  };
  const front = await startFront(t, {
    USAGE_BODY_BYTES_MAX: '1024',
    USAGE_INFLATED_BYTES_MAX: '2048',
    USAGE_REQUEST_USAGES_MAX: '2',
    USAGE_BODY_TIMEOUT_MS: '100',
    USAGE_APPEND_TIMEOUT_MS: '100',
    USAGE_FRONT_WAITING_BYTES_MAX: '65536',
  });
  const { port, appender } = front;
  const requests: [body: unknown, headers?: Record<string, string>][] = [
    ['{'],
    [Buffer.from([0xff])],
    ['{}', { 'content-encoding': 'gzip' }],
    [usage, { 'idempotency-key': 'two words' }],
    ['x'.repeat(1025)],
    [gzipSync('x'.repeat(4096)), { 'content-encoding': 'gzip' }],
    [[usage, usage, usage]],
    [usage, { 'content-type': 'application/xml' }],
    [usage, { 'content-encoding': 'compress' }],
    [{ patientId: '', timestamp: 'hello 1', medication: 'A' }],
    ['[]'],
  ];
  for (const [body, headers] of requests) take(await post(port, body, headers));
  take(await send(port, { method: 'PUT' }));
  take(await post(port, usage, { origin: 'http://evil.example' }));

  const raw = async (head: string, body: string) => {
    const connection = connectRaw(t, port);
    connection.write(`POST /api/usages HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n${body}`);
    await until(() => connection.isClosed, { what: 'the connection is closed' });
    take(rawReply(connection.received));
  };
  await raw('Content-Length: 2\r\nContent-Length: 3', '{}');
  await raw('Content-Length: 20', '{');
  await raw('X-Length: none', '');

  appender.failure = appendFailed();
  take(await post(port, usage));
  appender.failure = null;
  appender.held = true;
  take(await post(port, usage));
  appender.held = false;
  appender.release();

  const small = await startFront(t, { USAGE_FRONT_WAITING_BYTES_MAX: '65536' });
  take(await post(small.port, 'x'.repeat(65_537)));
  const early = await startFront(t, {}, { now: () => 0 });
  take(await post(early.port, usage));

  const [revoked, expired] = [knownKey(1, { isRevoked: true }), knownKey(2, { expiresAtMs: 0 })];
  const { path, write } = await makeKeyFile(t, null);
  const keyed = await startFront(t, { USAGE_AUTH: 'on', USAGE_KEYS_FILE: path });
  take(await post(keyed.port, usage));
  await write([revoked, expired]);
  await until(async () => (await post(keyed.port, usage)).status === 401, { what: 'the keys are known' });
  for (const text of ['', 'uik_wrong', revoked.text, expired.text])
    take(await post(keyed.port, usage, text === '' ? {} : { 'x-api-key': text }));
  const limited = knownKey(3, { rate: 1, burst: 1 });
  await write([limited]);
  await until(async () => (await post(keyed.port, usage, { 'x-api-key': limited.text })).status === 429, {
    what: 'the limited key is known and spent',
  });
  take(await post(keyed.port, usage, { 'x-api-key': limited.text }));

  const notFound = await send(port, { path: '/other' });
  assert.equal(notFound.json.code, 'not_found');
  const promised = Object.values(apiDocument.paths['/api/usages']!.post!.responses).flatMap((answer) =>
    Object.keys(answer.content?.['application/problem+json']?.examples ?? {}),
  );
  assert.deepEqual([...given.keys()].sort(), promised.sort());
});
