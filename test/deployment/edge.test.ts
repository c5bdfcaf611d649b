/** The outer doors of deploy/, each before real fronts: what they take, what they never repeat, what they say themselves. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { keptPort } from '../../harness/kept-port.ts';
import { loadSettings } from '../../src/config/load.ts';
import { repository } from '../support/compose-file.ts';
import { assertAnswers } from '../support/door-answers.ts';
import { type Edge, edgeNames, hasEdge, startEdge } from '../support/edge.ts';
import { assertProblem, post, send, startFront, usage } from '../support/front.ts';
import { requestShapes } from '../support/request-shapes.ts';
import { until } from '../support/until.ts';

for (const name of edgeNames)
  describe(name, { skip: !hasEdge(name) && `needs ${name}`, timeout: 300_000 }, () => {
    for (const shape of requestShapes)
      it(`${shape.name}: ${shape.answers[name]}`, async (t) => {
        const { port } = await startFront(t);
        const edge = await startReadyEdge(t, name, [port]);
        await assertAnswers(t, shape, name, edge.port);
      });

    it('takes HTTP/2 and HTTP/1.1 with TLS', async (t) => {
      const { port, appender } = await startFront(t);
      const edge = await startReadyEdge(t, name, [port]);
      assert.equal(await postHttp2(t, edge), 201);
      assert.equal(await postHttps(edge), 201);
      assert.equal(appender.rows().length, 2);
    });

    it('replaces what a client says of its address, and keeps the host that was asked for', async (t) => {
      const heard: IncomingHttpHeaders[] = [];
      const server = createServer((request, response) => {
        if (request.url === '/api/usages') heard.push(request.headers);
        request.resume().once('end', () => response.writeHead(200).end('{}'));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.close());
      const edge = await startReadyEdge(t, name, [(server.address() as AddressInfo).port]);
      await post(edge.port, usage, { 'x-forwarded-for': '203.0.113.9', host: 'usages.example.org' });
      assert.equal(heard.length, 1);
      assert.equal(heard[0]!['x-forwarded-for'], '127.0.0.1');
      assert.equal(heard[0]!['x-forwarded-proto'], 'http');
      assert.equal(heard[0]!.host, 'usages.example.org');
    });

    it('sends to the other instance where one refuses connections', async (t) => {
      const { port, appender } = await startFront(t);
      const edge = await startReadyEdge(t, name, [await keptPort(), port]);
      for (let count = 0; count < 10; count++) assert.equal((await post(edge.port, usage)).status, 201);
      assert.equal(appender.rows().length, 10);
    });

    it('never repeats a post that may have been stored: 503, with the time to come back', async (t) => {
      // Reads a post to its end, as one that is killed between storing and answering.
      const dying = createTcpServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (data) => {
          if (data.includes('/readyz')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
          else if (data.includes('Albuterol')) socket.destroy();
        });
      });
      dying.listen(0, '127.0.0.1');
      await once(dying, 'listening');
      t.after(() => dying.close());
      const { port, appender } = await startFront(t);
      const edge = await startReadyEdge(t, name, [(dying.address() as AddressInfo).port, port]);
      const statuses: number[] = [];
      for (let count = 0; count < 4; count++) {
        const reply = await post(edge.port, usage);
        statuses.push(reply.status);
        if (reply.status !== 201) assertProblem(reply, 503, 'durability_unknown');
      }
      assert.ok(statuses.includes(503), 'the dying one had its share');
      assert.equal(appender.rows().length, statuses.filter((status) => status === 201).length);
    });

    it('says itself that a body is too large, in the words of a front', async (t) => {
      const { port } = await startFront(t);
      const edge = await startReadyEdge(t, name, [port]);
      assertProblem(await post(edge.port, 'x'.repeat(1_048_577)), 413, 'body_too_large');
      const fits = await post(edge.port, 'x'.repeat(1_048_576));
      assert.notEqual(fits.status, 413, 'what fits is the front’s to judge');
    });

    it('is not ready when no instance is', async (t) => {
      let ready = true;
      const readiness = () => ({ ready, reason: '' });
      const { port } = await startFront(t, {}, { readiness });
      const edge = await startReadyEdge(t, name, [port]);
      ready = false;
      await until(async () => (await fetch(`http://127.0.0.1:${edge.port}/readyz`)).status === 503, {
        what: 'the edge is not ready',
      });
    });
  });

describe('nginx alone', { skip: !hasEdge('nginx') && 'needs nginx' }, () => {
  it('is ready while one instance is, and lets one that drains finish', async (t) => {
    const draining = await startFront(t, {}, { readiness: () => ({ ready: false, reason: 'draining' }) });
    const { port } = await startFront(t);
    const edge = await startReadyEdge(t, 'nginx', [draining.port, port]);
    for (let count = 0; count < 4; count++)
      assert.equal((await fetch(`http://127.0.0.1:${edge.port}/readyz`)).status, 200);
    for (let count = 0; count < 4; count++) assert.equal((await post(edge.port, usage)).status, 201);
  });

  it('words what it refuses, and tells of it in its log without a path or a header', async (t) => {
    const { port } = await startFront(t);
    const edge = await startReadyEdge(t, 'nginx', [port]);
    const path = `/api/usages?patient=${'9'.repeat(5_000)}`;
    assertProblem(await send(edge.port, { path, body: 'x' }), 431, 'head_too_large');
    assertProblem(
      await post(edge.port, usage, { cookie: `patient=${'9'.repeat(5_000)}` }),
      431,
      'head_too_large',
    );
    assertProblem(await send(edge.port, { method: 'TRACE' }), 405, 'method_not_allowed');
    const refusals = await until(
      async () => {
        const lines = (await edge.output()).split('\n').filter((line) => line.startsWith('{'));
        return lines.length >= 3 ? lines : null;
      },
      { what: 'three refusals are told' },
    );
    assert.deepEqual(refusals.map((line) => JSON.parse(line).status).sort(), [405, 431, 431]);
    for (const line of refusals) assert.doesNotMatch(line, /patient|999/);
  });

  it('keeps bodies off its disk', async (t) => {
    const { port } = await startFront(t);
    const edge = await startReadyEdge(t, 'nginx', [port]);
    const usages = Array.from({ length: 9_000 }, () => usage);
    const reply = await post(edge.port, usages);
    assert.equal(reply.status, 201, reply.text);
    assert.doesNotMatch(await edge.output(), /temporary file/);
    assert.deepEqual(await readdir(join(edge.folder, 'body_temp')), []);
  });

  it('has the limits of the server, and waits longer than it', async () => {
    const text = await readFile(join(repository, 'deploy', 'nginx', 'usage-ingest.conf'), 'utf8');
    const limitOf = (name: string) => new RegExp(`^\\s*${name} (\\d+)([ms]);`, 'm').exec(text)!;
    const settings = loadSettings({});
    for (const name of ['client_max_body_size', 'client_body_buffer_size'])
      assert.equal(Number(limitOf(name)[1]) * 1_048_576, settings.USAGE_BODY_BYTES_MAX, name);
    assert.equal(Number(limitOf('client_body_timeout')[1]) * 1_000, settings.USAGE_BODY_TIMEOUT_MS);
    assert.ok(Number(limitOf('proxy_read_timeout')[1]) * 1_000 > settings.USAGE_APPEND_TIMEOUT_MS);
    assert.doesNotMatch(text.replace(/#.*$/gm, ''), /non_idempotent/);
  });
});

describe('HAProxy alone', { skip: !hasEdge('haproxy') && 'needs haproxy' }, () => {
  it('sends nothing to an instance that drains', async (t) => {
    let ready = true;
    const leaving = await startFront(t, {}, { readiness: () => ({ ready, reason: '' }) });
    const staying = await startFront(t);
    const edge = await startReadyEdge(t, 'haproxy', [leaving.port, staying.port]);
    await until(
      async () => {
        await post(edge.port, usage);
        return leaving.appender.rows().length > 0;
      },
      { what: 'both have their share' },
    );
    ready = false;
    await until(async () => /front-0 .*DOWN|front-0 is DOWN/.test(await edge.output()), {
      what: 'HAProxy has seen that one drains',
    });
    const before = leaving.appender.rows().length;
    for (let count = 0; count < 10; count++) assert.equal((await post(edge.port, usage)).status, 201);
    assert.equal(leaving.appender.rows().length, before);
  });
});

/** Started, and past its first look at the instances. */
async function startReadyEdge(
  t: TestContext,
  name: (typeof edgeNames)[number],
  frontPorts: readonly number[],
): Promise<Edge> {
  const edge = await startEdge(t, name, frontPorts);
  await until(async () => (await fetch(`http://127.0.0.1:${edge.port}/readyz`)).status === 200, {
    what: `${name} reaches an instance`,
  });
  return edge;
}

async function postHttp2(t: TestContext, edge: Edge): Promise<number> {
  const session = connectHttp2(`https://localhost:${edge.tlsPort}`, { ca: edge.certificate });
  t.after(() => session.close());
  const stream = session.request({ ':method': 'POST', ':path': '/api/usages' });
  stream.end(JSON.stringify(usage));
  const [headers] = await once(stream, 'response');
  stream.resume();
  await once(stream, 'end');
  return headers[':status'];
}

async function postHttps(edge: Edge): Promise<number> {
  const request = httpsRequest({
    host: 'localhost',
    port: edge.tlsPort,
    method: 'POST',
    path: '/api/usages',
    ca: edge.certificate,
    agent: false,
  });
  request.end(JSON.stringify(usage));
  const [response] = await once(request, 'response');
  response.resume();
  return response.statusCode;
}
