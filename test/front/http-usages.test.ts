/** DESIGN section 3: what is accepted over HTTP, and each answer's status and body, over real sockets. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { assertProblem, assertRetryAfter, post, send, startFront, usage, uuidV7 } from '../support/front.ts';
import { until } from '../support/until.ts';

const uuidV8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('one usage is 201 with its id, and its row was appended before', async (t) => {
  const { port, appender } = await startFront(t);
  const reply = await post(port, usage);
  assert.equal(reply.status, 201);
  assert.equal(reply.headers['content-type'], 'application/json');
  assert.deepEqual(Object.keys(reply.json), ['id']);
  assert.match(reply.json.id, uuidV7);
  assert.equal(appender.rows().length, 1);
  assert.ok(appender.rows()[0]!.startsWith(`${reply.json.id}\t100\tAlbuterol\t2016-11-01T14:11:51`));
  assert.equal(reply.headers.uwebsockets, undefined);
});

test('a 201 is not sent before the append is acknowledged', async (t) => {
  const { port, appender } = await startFront(t);
  appender.held = true;
  let replied = false;
  const reply = post(port, usage).then((answer) => {
    replied = true;
    return answer;
  });
  await until(() => appender.waiting === 1, { what: 'the append is held' });
  await send(port, { method: 'GET', path: '/healthz' });
  assert.equal(replied, false);
  appender.release();
  assert.equal((await reply).status, 201);
});

test("the device's own id is answered in lower case", async (t) => {
  const { port } = await startFront(t);
  const reply = await post(port, { ...usage, id: '0192F0C1-AAAA-7333-8444-555566667777' });
  assert.deepEqual(reply.json, { id: '0192f0c1-aaaa-7333-8444-555566667777' });
});

test('a number and its digits as patientId give the same row but for the id', async (t) => {
  const { port, appender } = await startFront(t);
  await post(port, { ...usage, patientId: 100 });
  await post(port, { ...usage, patientId: '100' });
  const [one, other] = appender.rows().map((row) => row.split('\t').slice(1, 5));
  assert.deepEqual(one, other);
});

test('an array has a result for each item in order, however many', async (t) => {
  const { port, appender } = await startFront(t);
  const one = await post(port, [usage]);
  assert.equal(one.status, 201);
  assert.deepEqual(
    { ...one.json, results: one.json.results.map(Object.keys) },
    { accepted: 1, rejected: 0, results: [['id']] },
  );
  const mixed = await post(port, [usage, { ...usage, timestamp: 'hello 1' }, usage]);
  assert.equal(mixed.status, 207);
  assert.equal(mixed.json.accepted, 2);
  assert.equal(mixed.json.rejected, 1);
  assert.match(mixed.json.results[0].id, uuidV7);
  assert.equal(mixed.json.results[1].error.code, 'timestamp_format');
  assert.equal(mixed.json.results[1].error.pointer, '/1/timestamp');
  assert.ok(mixed.json.results[1].error.detail);
  assert.match(mixed.json.results[2].id, uuidV7);
  assert.equal(appender.rows().length, 3);
  const none = await post(port, [{ ...usage, patientId: '' }, 7, null]);
  assert.equal(none.status, 422);
  assert.equal(none.headers['content-type'], 'application/json');
  assert.equal(none.json.accepted, 0);
  assert.deepEqual(
    none.json.results.map((result: { error: { code: string; pointer: string } }) => [
      result.error.code,
      result.error.pointer,
    ]),
    [
      ['patient_id_length', '/0/patientId'],
      ['not_an_object', '/1'],
      ['not_an_object', '/2'],
    ],
  );
});

test('10,000 usages span groups and come back in order; one more is 413', async (t) => {
  const { port, appender } = await startFront(t);
  const usages = Array.from({ length: 10_000 }, (_, i) => ({
    patientId: i,
    medication: 'A',
    timestamp: 1_478_009_511_000,
  }));
  const reply = await post(port, usages);
  assert.equal(reply.status, 201);
  assert.equal(reply.json.accepted, 10_000);
  assert.ok(appender.groups.length >= 20);
  assert.deepEqual(
    appender.rows().map((row) => row.split('\t').slice(0, 2)),
    reply.json.results.map(({ id }: { id: string }, i: number) => [id, String(i)]),
  );
  assertProblem(await post(port, [...usages, usages[0]]), 413, 'too_many_usages');
  const lines = `${usages.map((one) => JSON.stringify(one)).join('\n')}\n{}`;
  assertProblem(await post(port, lines, { 'content-type': 'application/x-ndjson' }), 413, 'too_many_usages');
});

test('NDJSON: blank lines are nothing, a malformed line is its own error', async (t) => {
  const { port } = await startFront(t);
  for (const type of ['application/x-ndjson', 'application/jsonl', 'Application/X-NDJSON; charset=UTF-8']) {
    const line = JSON.stringify(usage);
    const reply = await post(port, `\n${line}\r\n\r\n   \n{"patientId":\n${line}`, { 'content-type': type });
    assert.equal(reply.status, 207, type);
    assert.equal(reply.json.accepted, 2);
    assert.match(reply.json.results[0].id, uuidV7);
    assert.deepEqual(
      [reply.json.results[1].error.code, reply.json.results[1].error.pointer],
      ['malformed_json', '/1'],
    );
    assert.match(reply.json.results[2].id, uuidV7);
    assert.equal(reply.json.results.length, 3);
  }
  const all = await post(port, `${JSON.stringify(usage)}\n`, { 'content-type': 'application/jsonl' });
  assert.deepEqual([all.status, all.json.accepted, all.json.results.length], [201, 1, 1]);
  const none = await post(port, 'x\ny\n', { 'content-type': 'application/jsonl' });
  assert.deepEqual([none.status, none.json.rejected], [422, 2]);
  const blank = await post(port, ' \n\r\n', { 'content-type': 'application/jsonl' });
  assertProblem(blank, 422, 'no_usages');
});

test('one invalid object is 422 with every problem and its pointer, and no value from it', async (t) => {
  const { port, appender } = await startFront(t);
  const reply = await post(port, { patientId: 'secretpatient\u0000', medication: '', timestamp: 'hello 1' });
  assertProblem(reply, 422, 'invalid_usage');
  assert.deepEqual(
    reply.json.errors.map(({ code, pointer }: { code: string; pointer: string }) => [code, pointer]),
    [
      ['text_control_character', '/patientId'],
      ['medication_length', '/medication'],
      ['timestamp_format', '/timestamp'],
    ],
  );
  for (const { detail } of reply.json.errors) assert.ok(detail);
  assert.ok(!reply.text.includes('secret') && !reply.text.includes('hello'));
  assert.equal(appender.groups.length, 0);
});

test('JSON that is no object and no array is 422 not_an_object', async (t) => {
  const { port } = await startFront(t);
  for (const body of ['"text"', '7', 'null', 'true']) {
    const reply = await post(port, body);
    assertProblem(reply, 422, 'invalid_usage');
    assert.deepEqual(
      reply.json.errors.map(({ code, pointer }: { code: string; pointer: string }) => [code, pointer]),
      [['not_an_object', '']],
    );
  }
});

test('no usage at all is 422 no_usages', async (t) => {
  const { port } = await startFront(t);
  for (const body of ['', ' \r\n\t', '[]', '[ ]']) assertProblem(await post(port, body), 422, 'no_usages');
});

test('malformed JSON, arrays and UTF-8 are 400', async (t) => {
  const { port } = await startFront(t);
  for (const body of ['{', '[', `[${JSON.stringify(usage)}`, `${JSON.stringify(usage)}x`, "{'a':1}", 'NaN'])
    assertProblem(await post(port, body), 400, 'malformed_json');
  assertProblem(await post(port, Buffer.from('{"patientId":"\xe9"}', 'latin1')), 400, 'malformed_utf8');
  assertProblem(await post(port, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), 400, 'malformed_utf8');
});

test('an Idempotency-Key gives the same ids to the same request and others to a changed one', async (t) => {
  const { port } = await startFront(t);
  const headers = { 'idempotency-key': 'once' };
  const own = { ...usage, id: '0192f0c1-aaaa-7333-8444-555566667777' };
  const first = await post(port, [usage, usage, own], headers);
  const again = await post(port, [usage, usage, own], headers);
  assert.deepEqual(first.json, again.json);
  const ids = first.json.results.map(({ id }: { id: string }) => id);
  assert.match(ids[0], uuidV8);
  assert.notEqual(ids[0], ids[1]);
  assert.equal(ids[2], own.id);
  const changed = await post(port, { ...usage, medication: 'Other' }, headers);
  assert.ok(!ids.includes(changed.json.id));
  for (const key of ['', 'two words', 'x'.repeat(256), 'caf\xe9s'])
    assertProblem(await post(port, usage, { 'idempotency-key': key }), 400, 'invalid_idempotency_key');
});

test('paths and methods: 404, and 405 with Allow', async (t) => {
  const { port } = await startFront(t);
  for (const path of ['/', '/api', '/api/usages/', '/api/usages/1', '/openapi.json/', '/docs'])
    assertProblem(await send(port, { path, body: '{}' }), 404, 'not_found');
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const reply = await send(port, { method });
    assertProblem(reply, 405, 'method_not_allowed');
    assert.equal(reply.headers.allow, 'POST');
  }
  assert.equal((await send(port, { method: 'HEAD' })).status, 405);
  for (const path of ['/healthz', '/readyz', '/openapi.json']) {
    const reply = await send(port, { path });
    assertProblem(reply, 405, 'method_not_allowed');
    assert.equal(reply.headers.allow, 'GET, HEAD');
  }
  assert.equal(
    (await send(port, { path: '/api/usages?from=here', body: JSON.stringify(usage) })).status,
    201,
  );
});

test('health and readiness answer GET and HEAD; readiness tells why not', async (t) => {
  let state = { ready: true, reason: '' };
  const { port } = await startFront(t, {}, { readiness: () => state });
  for (const path of ['/healthz', '/readyz']) {
    assert.equal((await send(port, { method: 'GET', path })).status, 200);
    const head = await send(port, { method: 'HEAD', path });
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    assert.ok(Number(head.headers['content-length']) > 0);
  }
  assert.deepEqual((await send(port, { method: 'GET', path: '/readyz' })).json, { ready: true });
  state = { ready: false, reason: 'draining' };
  const reply = await send(port, { method: 'GET', path: '/readyz' });
  assert.equal(reply.status, 503);
  assert.deepEqual(reply.json, state);
  assertRetryAfter(reply);
  assert.equal((await send(port, { method: 'GET', path: '/healthz' })).status, 200);
});
