/** How a front starts and stops, alone and beside another on its port. */

import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { keptPort } from '../../harness/kept-port.ts';
import {
  connectRaw,
  post,
  settingsOf,
  startFront,
  statusesIn,
  usage,
  waitingBytes,
} from '../support/front.ts';
import { until } from '../support/until.ts';

const body = JSON.stringify(usage);
const requestHead = (...fields: string[]) =>
  `POST /api/usages HTTP/1.1\r\nHost: x\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

test('stop answers what is in flight, closes idle connections, then resolves', async (t) => {
  const { port, appender, front } = await startFront(t);
  appender.held = true;
  const idle = connectRaw(t, port);
  idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => idle.received.includes('healthy'), { what: 'the idle connection was used' });
  const inFlight = post(port, usage);
  const half = connectRaw(t, port);
  const padded = body.padStart(20_000);
  half.write(`${requestHead(`Content-Length: ${padded.length}`)}${padded.slice(0, 10_000)}`);
  await until(() => appender.waiting === 1, { what: 'the append is held' });
  await until(async () => (await waitingBytes(front)) > 4000, { what: 'half a body has arrived' });
  let isStopped = false;
  const stopped = front.stop().then(() => {
    isStopped = true;
  });
  assert.equal(front.stop(), front.stop(), 'one promise');
  await until(
    () =>
      new Promise((resolve) => {
        const probe = net.connect(port, '127.0.0.1');
        probe.on('connect', () => {
          probe.destroy();
          resolve(false);
        });
        probe.on('error', () => resolve(true));
      }),
    { what: 'the port is closed' },
  );
  half.write(padded.slice(10_000));
  assert.equal(isStopped, false);
  appender.held = false;
  appender.release();
  assert.equal((await inFlight).status, 201);
  await until(() => half.isClosed, { what: 'the half body was answered' });
  assert.deepEqual(statusesIn(half.received), [201]);
  assert.match(half.received, /\r\nConnection: close\r\n/);
  await stopped;
  await until(() => idle.isClosed, { what: 'the idle connection is closed' });
  assert.equal(appender.rows().length, 2);
});

test('stop at once after start, stop without start, and a start on a taken address', async (t) => {
  const { front } = await startFront(t);
  await front.stop();
  const { createFront, ListenError } = await import('../../src/front/front.ts');
  const { createControlledAppender } = await import('../support/front.ts');
  const { silentLogger } = await import('../../src/observability/logger.ts');
  const options = {
    host: '127.0.0.1',
    port: 0,
    settings: settingsOf({}),
    appender: createControlledAppender(),
    logger: silentLogger,
    readiness: () => ({ ready: true, reason: '' }),
    worker: 0,
  };
  await createFront(options).stop();
  const taken = net.createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as net.AddressInfo;
  const failing = createFront({ ...options, port });
  await assert.rejects(failing.start(), ListenError);
  await failing.stop();
});

test('two fronts share a port', { skip: process.platform !== 'linux' }, async (t) => {
  // Of port 0 the HTTP server makes a socket that is not shared.
  const port = await keptPort();
  const one = await startFront(t, {}, { port });
  const other = await startFront(t, {}, { port });
  await until(
    async () => {
      assert.equal((await post(one.port, usage)).status, 201);
      return one.appender.groups.length > 0 && other.appender.groups.length > 0;
    },
    { what: 'both have been reached' },
  );
});
