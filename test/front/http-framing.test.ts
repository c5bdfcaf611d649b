/** How requests are framed, held with raw sockets: what two parsers could read differently is refused and closed. */

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { connectRaw, startFront, statusesIn, usage } from '../support/front.ts';
import { until } from '../support/until.ts';

const body = JSON.stringify(usage);
const length = body.length;
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
const requestHead = (...fields: string[]) =>
  ['POST /api/usages HTTP/1.1', 'Host: x', ...fields]
    .map((line) => `${line}\r\n`)
    .join('')
    .concat('\r\n');
const whole = `${requestHead(`Content-Length: ${length}`)}${body}`;

async function exchangeRaw(t: TestContext, port: number, data: string, responses: number) {
  const connection = connectRaw(t, port);
  connection.write(data);
  await until(() => connection.isClosed || statusesIn(connection.received).length >= responses, {
    what: `${responses} responses`,
  });
  return connection;
}

const ambiguous: Record<string, string> = {
  'two Content-Length that differ': `${requestHead(`Content-Length: ${length}`, `Content-Length: ${length + smuggled.length}`)}${body}${smuggled}`,
  'two Content-Length that differ, the shorter last': `${requestHead(`Content-Length: ${length}`, 'Content-Length: 0')}${body}${smuggled}`,
  'two equal Content-Length': `${requestHead(`Content-Length: ${length}`, `Content-Length: ${length}`)}${body}${smuggled}`,
  'Content-Length empty, then one': `${requestHead('Content-Length:', `Content-Length: ${smuggled.length}`)}${smuggled}`,
  'Content-Length of no digits': `${requestHead('Content-Length: abc')}${smuggled}`,
  'Content-Length with a sign': `${requestHead(`Content-Length: +${length}`)}${body}${smuggled}`,
  'Content-Length as a list': `${requestHead(`Content-Length: ${length}, ${length}`)}${body}${smuggled}`,
  'Content-Length in hex': `${requestHead('Content-Length: 0x10')}${body}${smuggled}`,
  'Transfer-Encoding and Content-Length': `${requestHead('Transfer-Encoding: chunked', `Content-Length: ${length}`)}0\r\n\r\n${smuggled}`,
  'Content-Length and Transfer-Encoding': `${requestHead('Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`,
  'an empty Transfer-Encoding and Content-Length': `${requestHead('Transfer-Encoding:', `Content-Length: ${length}`)}${body}${smuggled}`,
  'an empty Transfer-Encoding alone': `${requestHead('Transfer-Encoding:')}${smuggled}`,
  'Transfer-Encoding and an empty Content-Length': `${requestHead('Transfer-Encoding: chunked', 'Content-Length:')}0\r\n\r\n${smuggled}`,
  'a Transfer-Encoding that only looks like chunked': `${requestHead('Transfer-Encoding: xchunked')}0\r\n\r\n${smuggled}`,
  'Transfer-Encoding twice': `${requestHead('Transfer-Encoding: chunked', 'Transfer-Encoding: identity')}0\r\n\r\n${smuggled}`,
  'Transfer-Encoding: chunked twice': `${requestHead('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`,
  'Transfer-Encoding: gzip, chunked': `${requestHead('Transfer-Encoding: gzip, chunked')}0\r\n\r\n${smuggled}`,
  'Transfer-Encoding: identity': `${requestHead('Transfer-Encoding: identity')}0\r\n\r\n${smuggled}`,
};

for (const [name, data] of Object.entries(ambiguous))
  test(`${name}: 400, closed, nothing smuggled or stored`, async (t) => {
    const { port, appender } = await startFront(t);
    for (const parts of [
      [data],
      [data.slice(0, data.indexOf('\r\n\r\n') + 4), data.slice(data.indexOf('\r\n\r\n') + 4)],
    ]) {
      const connection = connectRaw(t, port);
      for (const part of parts) connection.write(part);
      await until(() => connection.isClosed, { what: 'the connection is closed' });
      assert.deepEqual(statusesIn(connection.received), [400]);
      assert.ok(!connection.received.includes('not_found'));
    }
    assert.equal(appender.groups.length, 0);
  });

test('an ambiguous request is refused on every path and method', async (t) => {
  const { port } = await startFront(t);
  for (const line of ['GET /healthz', 'GET /readyz', 'GET /none', 'PUT /api/usages', 'HEAD /healthz']) {
    const data = `${line} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`;
    const connection = connectRaw(t, port);
    connection.write(data);
    await until(() => connection.isClosed, { what: 'the connection is closed' });
    assert.deepEqual(statusesIn(connection.received), [400], line);
    assert.match(connection.received, /"code":"malformed_request"/);
  }
});

test('a length that no one frames is 413 and closed', async (t) => {
  const { port } = await startFront(t);
  for (const value of ['9999999999', '99999999999999999999999999']) {
    const connection = connectRaw(t, port);
    connection.write(requestHead(`Content-Length: ${value}`));
    await until(() => connection.isClosed, { what: 'the connection is closed' });
    assert.deepEqual(statusesIn(connection.received), [413]);
  }
});

test('a chunked body is taken, in whatever pieces it comes', async (t) => {
  const { port, appender } = await startFront(t);
  const pieces = [body.slice(0, 5), body.slice(5, 6), body.slice(6)];
  const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('');
  const data = `${requestHead('Transfer-Encoding: Chunked')}${chunks}0\r\n\r\n`;
  const first = await exchangeRaw(t, port, data, 1);
  assert.deepEqual(statusesIn(first.received), [201]);
  // What stands behind chunks could be trailers, which the HTTP server would run as a request.
  await until(() => first.isClosed, { what: 'the connection is closed' });
  // Byte by byte, but for the request line: this age of the HTTP server answers a part of one with 505.
  const lineEnd = data.indexOf('\r\n') + 2;
  const connection = connectRaw(t, port);
  for (const byte of [data.slice(0, lineEnd), ...data.slice(lineEnd)]) {
    connection.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => connection.isClosed, { what: 'the second answer' });
  assert.deepEqual(statusesIn(connection.received), [201]);
  assert.equal(appender.rows().length, 2);
});

test('a connection is kept and takes request after request', async (t) => {
  const { port, appender } = await startFront(t);
  const connection = connectRaw(t, port);
  for (let i = 1; i <= 5; i++) {
    connection.write(whole);
    await until(() => statusesIn(connection.received).length === i, { what: `answer ${i}` });
  }
  assert.deepEqual(statusesIn(connection.received), [201, 201, 201, 201, 201]);
  assert.equal(appender.rows().length, 5);
  assert.equal(connection.isClosed, false);
});

test('Connection: close is answered and closed', async (t) => {
  const { port } = await startFront(t);
  const connection = connectRaw(t, port);
  connection.write(`${requestHead('Connection: close', `Content-Length: ${length}`)}${body}`);
  await until(() => connection.isClosed, { what: 'the connection is closed' });
  assert.deepEqual(statusesIn(connection.received), [201]);
});

test('pipelined requests that are answered at once are answered in order', async (t) => {
  const { port } = await startFront(t);
  const get = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
  const invalid = `${requestHead('Content-Length: 2')}{}`;
  const none = 'GET /none HTTP/1.1\r\nHost: x\r\n\r\n';
  const connection = await exchangeRaw(t, port, `${get}${invalid}${none}${get}`, 4);
  assert.deepEqual(statusesIn(connection.received), [200, 422, 404, 200]);
});

test('Expect: 100-continue gets its 100, then the answer', async (t) => {
  const { port } = await startFront(t);
  const connection = await exchangeRaw(
    t,
    port,
    requestHead('Expect: 100-continue', `Content-Length: ${length}`),
    1,
  );
  assert.deepEqual(statusesIn(connection.received), [100]);
  connection.write(body);
  await until(() => statusesIn(connection.received).length === 2, { what: 'the answer' });
  assert.deepEqual(statusesIn(connection.received), [100, 201]);
});

test('HTTP/1.0 is 505', async (t) => {
  const { port } = await startFront(t);
  const connection = connectRaw(t, port);
  connection.write(`POST /api/usages HTTP/1.0\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${body}`);
  await until(() => connection.isClosed, { what: 'the connection is closed' });
  assert.deepEqual(statusesIn(connection.received), [505]);
});

test('a body over the limit is 413 before it is read, and the connection goes on in step', async (t) => {
  const { port } = await startFront(t, { USAGE_BODY_BYTES_MAX: '2000' });
  const connection = await exchangeRaw(t, port, requestHead('Content-Length: 300000'), 1);
  assert.deepEqual(statusesIn(connection.received), [413]);
  connection.write('x'.repeat(300_000));
  connection.write(whole);
  await until(() => statusesIn(connection.received).length === 2, { what: 'the answer after it' });
  assert.deepEqual(statusesIn(connection.received), [413, 201]);
});

test('a chunked body over the limit is 413; one without end is closed', async (t) => {
  const { port } = await startFront(t, { USAGE_BODY_BYTES_MAX: '2000' });
  const chunk = `3e8\r\n${'x'.repeat(1000)}\r\n`;
  const chunked = requestHead('Transfer-Encoding: chunked');
  const ended = connectRaw(t, port);
  ended.write(`${chunked}${chunk.repeat(3)}0\r\n\r\n`);
  await until(() => ended.isClosed, { what: 'the connection is closed' });
  assert.deepEqual(statusesIn(ended.received), [413]);
  assert.deepEqual(statusesIn((await exchangeRaw(t, port, whole, 1)).received), [201]);
  const endless = connectRaw(t, port);
  endless.write(chunked);
  const many = chunk.repeat(100);
  await until(
    () => {
      if (!endless.isClosed && endless.socket.writableLength < many.length) endless.write(many);
      return endless.isClosed;
    },
    { what: 'the endless body is cut' },
  );
});

test('a usage sent before the one before it is answered closes the connection, and neither is acknowledged', async (t) => {
  const { port } = await startFront(t);
  for (const second of [whole, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n']) {
    const connection = connectRaw(t, port);
    connection.write(`${whole}${second}`);
    await until(() => connection.isClosed, { what: 'the connection is closed' });
    assert.equal(connection.received, '');
  }
});

test('two Host are 400, whatever they say', async (t) => {
  const { port, appender } = await startFront(t);
  for (const second of ['x', 'y', '']) {
    const connection = connectRaw(t, port);
    connection.write(`${requestHead(`Host: ${second}`, `Content-Length: ${length}`)}${body}${smuggled}`);
    await until(() => connection.isClosed, { what: 'the connection is closed' });
    assert.deepEqual(statusesIn(connection.received), [400]);
  }
  assert.equal(appender.groups.length, 0);
});

test('a POST without a length is 411 and closed: what follows may be its body', async (t) => {
  const { port, appender } = await startFront(t);
  for (const rest of ['', body, smuggled]) {
    const connection = connectRaw(t, port);
    connection.write(`${requestHead()}${rest}`);
    await until(() => connection.isClosed, { what: 'the connection is closed' });
    assert.deepEqual(statusesIn(connection.received), [411]);
    assert.match(connection.received, /"code":"length_required"/);
  }
  assert.equal(appender.groups.length, 0);
});
