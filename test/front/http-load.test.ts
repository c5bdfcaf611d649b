/** Bounds: memory and time stay bounded whatever clients do, and the service goes on for the others. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import test, { describe } from 'node:test';
import { gzipSync } from 'node:zlib';
import { connectRaw, post, send, startFront, statusesIn, usage, waitingBytes } from '../support/front.ts';
import { until } from '../support/until.ts';

const body = JSON.stringify(usage);
const requestHead = (...fields: string[]) =>
  `POST /api/usages HTTP/1.1\r\nHost: x\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

test('requests that wait share groups: idle one at once, under load many', async (t) => {
  const { port, appender } = await startFront(t);
  appender.held = true;
  const first = post(port, usage);
  await until(() => appender.waiting === 1, { what: 'an idle front appends at once' });
  const others = Array.from({ length: 40 }, (_, i) => post(port, { ...usage, patientId: i }));
  const { headers } = await send(port, { method: 'GET', path: '/healthz' });
  assert.ok(headers.date);
  await until(async () => (await post(port, '{')).status === 400, { what: 'the others were read' });
  appender.held = false;
  appender.release();
  assert.equal((await first).status, 201);
  for (const reply of await Promise.all(others)) assert.equal(reply.status, 201);
  assert.equal(appender.rows().length, 41);
  assert.ok(appender.groups.length < 20, `${appender.groups.length} groups`);
});

test('past the bound on waiting bytes requests are 503 at once, and 201 again after', async (t) => {
  const { port, appender, front } = await startFront(t, { USAGE_FRONT_WAITING_BYTES_MAX: '65536' });
  appender.held = true;
  const large = Array.from({ length: 100 }, (_, i) => ({ ...usage, note: 'x'.repeat(300), patientId: i }));
  const taken = [post(port, large)];
  await until(() => appender.waiting === 1, { what: 'the first is taken' });
  const shed = await post(port, large);
  assert.equal(shed.status, 503);
  assert.equal(shed.json.code, 'overloaded');
  assert.match(shed.headers['retry-after']!, /^[1-5]$/);
  for (const path of ['/healthz', '/readyz'])
    assert.equal((await send(port, { method: 'GET', path })).status, 200, 'shedding changes neither');
  appender.held = false;
  appender.release();
  for (const reply of await Promise.all(taken)) assert.equal(reply.status, 201);
  assert.equal((await post(port, usage)).status, 201);
  assert.equal(await waitingBytes(front), 0);
});

test('when the oldest has waited too long requests are 503, and 201 again after', async (t) => {
  const { port, appender } = await startFront(t, { USAGE_FRONT_WAITING_MS_MAX: '50' });
  appender.held = true;
  const first = post(port, usage);
  await until(() => appender.waiting === 1, { what: 'an append hangs' });
  const shed = await until(
    async () => {
      const reply = await Promise.race([
        post(port, usage),
        new Promise<null>((r) => setTimeout(r, 20, null)),
      ]);
      return reply?.status === 503 ? reply : null;
    },
    { what: 'requests are shed' },
  );
  assert.equal(shed.json.code, 'overloaded');
  appender.held = false;
  appender.release();
  assert.equal((await first).status, 201);
  await until(async () => (await post(port, usage)).status === 201, { what: 'it takes usages again' });
});

test('bodies that grow past the bound are shed on the way', async (t) => {
  const { port, front } = await startFront(t, { USAGE_FRONT_WAITING_BYTES_MAX: '100000' });
  const slow = Array.from({ length: 4 }, () => connectRaw(t, port));
  for (const connection of slow) {
    connection.write(requestHead('Transfer-Encoding: chunked'));
    connection.write(`a000\r\n${' '.repeat(0xa000)}\r\n`);
  }
  await until(() => slow.some(({ received }) => statusesIn(received).includes(503)), { what: 'one is shed' });
  assert.ok((await waitingBytes(front)) <= 100_000);
  for (const connection of slow) connection.socket.destroy();
  await until(async () => (await waitingBytes(front)) === 0, { what: 'the others are let go of' });
  assert.equal((await post(port, usage)).status, 201);
});

test('a client that declares much and sends nothing takes nothing from the others', async (t) => {
  const { port, front } = await startFront(t, {
    USAGE_FRONT_WAITING_BYTES_MAX: '1100000',
    USAGE_BODY_TIMEOUT_MS: '2000',
  });
  for (let i = 0; i < 50; i++) connectRaw(t, port).write(requestHead('Content-Length: 1000000'));
  await until(async () => (await post(port, usage)).status === 201, { what: 'another is served' });
  assert.ok((await waitingBytes(front)) < 300_000);
});

test('a slow body is 408 and closed, however it trickles', async (t) => {
  const { port, front, appender } = await startFront(t, { USAGE_BODY_TIMEOUT_MS: '400' });
  const silent = connectRaw(t, port);
  silent.write(requestHead(`Content-Length: ${body.length}`));
  const chunked = connectRaw(t, port);
  chunked.write(requestHead('Transfer-Encoding: chunked'));
  const trickling = connectRaw(t, port);
  trickling.write(requestHead(`Content-Length: ${body.length + 10_000}`));
  await until(
    () => {
      if (!trickling.isClosed) trickling.write(' ');
      return silent.isClosed && chunked.isClosed && trickling.isClosed;
    },
    { what: 'all three are closed' },
  );
  for (const { received } of [silent, chunked, trickling]) {
    assert.deepEqual(statusesIn(received), [408]);
    assert.match(received, /"code":"body_timeout"/);
  }
  assert.equal(appender.groups.length, 0);
  assert.equal(await waitingBytes(front), 0);
  assert.equal((await post(port, usage)).status, 201);
});

test('what a client that has gone sent may be stored, and what it held is let go of', async (t) => {
  const { port, appender, front } = await startFront(t);
  appender.held = true;
  const gone = connectRaw(t, port);
  gone.write(`${requestHead(`Content-Length: ${body.length}`)}${body}`);
  const half = connectRaw(t, port);
  half.write(`${requestHead(`Content-Length: ${body.length}`)}${body.slice(0, 20)}`);
  await until(() => appender.waiting === 1, { what: 'the append is held' });
  await until(async () => (await waitingBytes(front)) > 0, { what: 'bytes are held' });
  gone.socket.resetAndDestroy();
  half.socket.resetAndDestroy();
  appender.held = false;
  appender.release();
  await until(async () => (await waitingBytes(front)) === 0, { what: 'nothing is held' });
  assert.equal(appender.rows().length, 1);
  assert.equal((await post(port, usage)).status, 201);
});

test('what a few bytes have become is charged, however many came at once', async (t) => {
  const bytesMax = 16 * 2 ** 20;
  const { port, appender, front } = await startFront(t, {
    USAGE_FRONT_WAITING_BYTES_MAX: String(bytesMax),
    USAGE_FRONT_WAITING_MS_MAX: '500',
  });
  // Some 5 kB each that become rows and results of 2.5 MB.
  const many = gzipSync(JSON.stringify(Array.from({ length: 10_000 }, () => usage)));
  appender.held = true;
  const statuses: number[] = [];
  const replies = Array.from({ length: 12 }, async () => {
    const { status } = await post(port, many, { 'content-encoding': 'gzip' });
    statuses.push(status);
  });
  await until(() => statuses.length >= 4, { what: 'some are shed' });
  assert.deepEqual([...new Set(statuses)], [503]);
  assert.ok((await waitingBytes(front)) < bytesMax + 8 * 2 ** 20);
  appender.held = false;
  while (appender.waiting > 0) appender.release();
  await Promise.all(replies);
  assert.ok(statuses.includes(201));
});

test('a client that closes its sending side is not answered, and counted; what it sent is stored', async (t) => {
  const { port, appender, front } = await startFront(t);
  const connection = connectRaw(t, port);
  connection.socket.end(`${requestHead(`Content-Length: ${body.length}`)}${body}`);
  await until(() => connection.isClosed, { what: 'the connection is closed' });
  await until(() => appender.rows().length === 1, { what: 'it is stored' });
  assert.deepEqual(statusesIn(connection.received), []);
  assert.match(await front.registry.metrics(), /^usage_http_abandoned_total 1$/m);
});

test('a flood of pipelined requests whose answers are not read is cut', async (t) => {
  const { port } = await startFront(t);
  const socket = net.connect(port, '127.0.0.1');
  let isClosed = false;
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  t.after(() => socket.destroy());
  socket.pause();
  const many = Buffer.from('GET /none HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1000));
  let written = 0;
  await until(
    () => {
      while (!isClosed && socket.writableLength < many.length) {
        socket.write(many);
        written += many.length;
      }
      return isClosed;
    },
    { what: 'the server closes it' },
  );
  assert.ok(written < 100 * 2 ** 20);
  assert.equal((await post(port, usage)).status, 201);
});

test('zip bombs are 413 each and cost their cap, not their size', async (t) => {
  const { port, front } = await startFront(t);
  const bomb = gzipSync(Buffer.alloc(256 * 2 ** 20));
  const rssBefore = process.memoryUsage.rss();
  const replies = await Promise.all(
    Array.from({ length: 8 }, () => post(port, bomb, { 'content-encoding': 'gzip' })),
  );
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [413]);
  assert.equal(replies[0]!.json.code, 'inflated_too_large');
  const grownMiB = (process.memoryUsage.rss() - rssBefore) / 2 ** 20;
  assert.ok(grownMiB < 256, `${grownMiB} MiB more for 2 GiB of bombs`);
  assert.equal(await waitingBytes(front), 0);
});

test('health and appends go on while inflations wait in line', async (t) => {
  const { port } = await startFront(t);
  const slow = gzipSync(Buffer.alloc(8 * 2 ** 20 - 1, ' '), { level: 1 });
  const inflating = Array.from({ length: 30 }, () => post(port, slow, { 'content-encoding': 'gzip' }));
  assert.equal((await post(port, usage)).status, 201);
  assert.equal((await send(port, { method: 'GET', path: '/healthz' })).status, 200);
  for (const reply of await Promise.all(inflating)) assert.ok([422, 503].includes(reply.status));
});

test('thousands of idle connections cost no service', async (t) => {
  const { port } = await startFront(t);
  // Both ends are in this process.
  const limit = Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))![1]);
  const count = Math.min(10_000, Math.floor((limit - 200) / 2));
  assert.ok(count >= 1_000, `only ${limit} open files are allowed here: raise ulimit -n to at least 2200`);
  let open = 0;
  const sockets: net.Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let i = 0; i < count; i++) {
    const socket = net.connect(port, '127.0.0.1', () => open++);
    socket.on('error', () => {});
    sockets.push(socket);
    if (i % 200 === 199) await until(() => open > i - 100, { what: `${i} connections are open` });
  }
  await until(() => open === count, { what: 'all are open' });
  t.diagnostic(`${count} connections`);
  for (let i = 0; i < 20; i++) assert.equal((await post(port, usage)).status, 201);
});

describe('the time-outs of the HTTP server itself', { concurrency: true }, () => {
  test('a body may take longer than the HTTP server itself would wait', async (t) => {
    const { port } = await startFront(t, { USAGE_BODY_TIMEOUT_MS: '60000' });
    const connection = connectRaw(t, port);
    connection.write(requestHead(`Content-Length: ${body.length}`));
    // The server alone closes after 8 to 12 s.
    const startedMs = performance.now();
    await until(() => connection.isClosed || performance.now() - startedMs > 14_000, { what: '14 s' });
    assert.equal(connection.isClosed, false);
    connection.write(body);
    await until(() => statusesIn(connection.received).length > 0, { what: 'the answer' });
    assert.deepEqual(statusesIn(connection.received), [201]);
  });

  test('idle connections and slow heads are closed by themselves', async (t) => {
    const { port } = await startFront(t);
    const idle = connectRaw(t, port);
    const slowHead = connectRaw(t, port);
    slowHead.write('POST /api/usages HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const used = connectRaw(t, port);
    used.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(
      () => {
        if (!slowHead.isClosed) slowHead.write('x');
        return idle.isClosed && slowHead.isClosed && used.isClosed;
      },
      { what: 'all three are closed' },
    );
    assert.deepEqual(statusesIn(used.received), [200]);
  });

  test('a client that never reads is closed, and its answers do not pile up', async (t) => {
    const { port, front } = await startFront(t);
    const items = JSON.stringify(Array.from({ length: 10_000 }, () => 0));
    const rssBefore = process.memoryUsage.rss();
    const deaf = Array.from({ length: 6 }, () => {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.pause();
      t.after(() => socket.destroy());
      return socket;
    });
    const request = `${requestHead(`Content-Length: ${items.length}`)}${items}`;
    const answered = async () =>
      Number(
        /usage_http_requests_total\{status="422"\} (\d+)/.exec(await front.registry.metrics())?.[1] ?? 0,
      );
    // An answer is about 1.3 MB, more than the sockets' own buffers take of two.
    for (let sent = 0; (await waitingBytes(front)) <= 1_000_000; ) {
      for (const socket of deaf) socket.write(request);
      sent += deaf.length;
      await until(async () => (await answered()) >= sent, { what: 'all are answered' });
    }
    assert.equal((await post(port, usage)).status, 201);
    await until(async () => (await waitingBytes(front)) === 0, { what: 'the deaf clients are closed' });
    const grownMiB = (process.memoryUsage.rss() - rssBefore) / 2 ** 20;
    assert.ok(grownMiB < 400, `${grownMiB} MiB more`);
    for (const socket of deaf) socket.destroy();
  });
});
