/** The load generator counts every answer, and charges a server that stalls for what should have come meanwhile. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { startLoad } from '../../../bench/load/load.ts';
import { sampleStageCpu, stageCpuBetween } from '../../../bench/process-cpu.ts';
import { closeAfter } from '../../support/close-after.ts';

const load = await startLoad();
after(() => load.stop());

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closeAfter(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/usages`;
}

/** Answers every request, each status in its turn. */
const answering = (statuses: readonly number[]): RequestListener & { requests(): number } => {
  let requests = 0;
  const listener: RequestListener = (request, response) => {
    const status = statuses[requests++ % statuses.length]!;
    request.resume().on('end', () => response.writeHead(status, { 'content-length': 2 }).end('{}'));
  };
  return Object.assign(listener, { requests: () => requests });
};

describe('load generator', () => {
  for (const kind of ['closed', 'autocannon', 'reconnect'] as const)
    test(`${kind}: sends as many requests as asked, and counts each answer as what it is`, async (t) => {
      const listener = answering([201, 503, 201, 500]);
      const url = await serve(t, listener);
      const pace = { kind, requests: 400 };
      const result = await load.run({ url, form: 'single', connections: 8, pace });
      assert.equal(listener.requests(), 400);
      assert.deepEqual(
        [result.requests, result.shed, result.errors, result.firstError],
        [200, 100, 100, 'status 500'],
      );
    });

  test('open: counts from when a request was due', async (t) => {
    const stallMs = 500;
    let opensAtMs = 0;
    const url = await serve(t, async (request, response) => {
      opensAtMs ||= performance.now() + stallMs;
      request.resume();
      await delay(Math.max(0, opensAtMs - performance.now()));
      response.writeHead(201, { 'content-length': 2 }).end('{}');
    });
    const result = await load.run({
      url,
      form: 'single',
      connections: 2,
      pace: { kind: 'open', rate: 100, seconds: 0.5 },
    });
    assert.equal(result.requests + result.unsent, 50);
    // Two waited for the whole stall; those that were due in it, and could not be sent, for what was left of it.
    assert.ok(result.latencyMs!.max >= stallMs - 50, `${result.latencyMs!.max} ms`);
    assert.ok(result.latencyMs!.p50 >= stallMs / 4, `${result.latencyMs!.p50} ms`);
  });

  test('open: connections are used in turn, so that none rests until the server closes it', async (t) => {
    const requests = new Map<Socket, number>();
    const url = await serve(t, (request, response) => {
      requests.set(request.socket, (requests.get(request.socket) ?? 0) + 1);
      request.resume().on('end', () => response.writeHead(201, { 'content-length': 2 }).end('{}'));
    });
    const connections = 20;
    const pace = { kind: 'open', rate: 200, seconds: 1 } as const;
    await load.run({ url, form: 'single', connections, pace });
    // Ten each, but for those that had to wait for an answer.
    assert.equal(requests.size, connections);
    for (const each of requests.values()) assert.ok(each >= 5, [...requests.values()].join(' '));
  });

  test('open: a connection that is closed without an answer is an error, and another takes its place', async (t) => {
    let requests = 0;
    const url = await serve(t, (request, response) => {
      if (requests++ % 5 === 0) request.socket.destroy();
      else response.writeHead(201, { 'content-length': 2 }).end('{}');
    });
    const pace = { kind: 'open', rate: 100, seconds: 0.5 } as const;
    const result = await load.run({ url, form: 'single', connections: 4, pace });
    assert.equal(result.requests + result.errors + result.unsent, 50);
    assert.ok(result.errors >= 5 && result.requests >= 10, JSON.stringify(result));
  });
});

test('CPU of a child that came and went between two samples is counted', {
  skip: process.platform !== 'linux',
}, async () => {
  const roots = [{ stage: 'subject', pid: process.pid }] as const;
  const before = await sampleStageCpu(roots);
  const spin = 'const { user } = process.cpuUsage(); while (process.cpuUsage().user < user + 100_000);';
  spawnSync(process.execPath, ['-e', spin]);
  const took = stageCpuBetween(before, await sampleStageCpu(roots));
  assert.ok(took.subject! >= 90_000, `${took.subject} us`);
});

test('CPU of a thread that came and went between two samples is counted', {
  skip: process.platform !== 'linux',
}, async () => {
  const roots = [{ stage: 'subject', pid: process.pid }] as const;
  const before = await sampleStageCpu(roots);
  const spin = 'const { user } = process.cpuUsage(); while (process.cpuUsage().user < user + 200_000);';
  await once(new Worker(spin, { eval: true }), 'exit');
  const took = stageCpuBetween(before, await sampleStageCpu(roots));
  assert.ok(took.subject! >= 180_000, `${took.subject} us`);
});
