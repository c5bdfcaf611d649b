/** The resident memory that docs/guarantees.md promises of a front, while more waits than it holds. Linux alone tells it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import test from 'node:test';
import { startFrontServer } from '../../bench/front-server.ts';
import { usage } from '../support/front.ts';
import { until } from '../support/until.ts';

const promisedBytes = 200e6;
const connections = 2_000;
const answersMin = 15_000;

const request = (body: unknown) => {
  const text = JSON.stringify(body);
  return `POST /api/usages HTTP/1.1\r\nHost: x\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
};

test('2,000 connections, of which a quarter send arrays of 200, again and again', async (t) => {
  if (process.platform !== 'linux') return t.skip('needs /proc');
  const front = await startFrontServer('local');
  t.after(() => front.stop());
  const single = request(usage);
  const array = request(Array.from({ length: 200 }, () => usage));
  let answers = 0;
  const sockets = Array.from({ length: connections }, (_, i) => {
    const mine = i % 4 === 0 ? array : single;
    const socket = net.connect(Number(new URL(front.url).port), '127.0.0.1', () => socket.write(mine));
    let received = '';
    socket.on('error', () => {});
    socket.on('data', (data) => {
      received += data.toString('latin1');
      const [head, body] = received.split('\r\n\r\n', 2);
      const length = /content-length: (\d+)/i.exec(head!);
      if (body === undefined || !length || body.length < Number(length[1])) return;
      received = '';
      answers++;
      socket.write(mine);
    });
    return socket;
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await until(() => answers >= answersMin, { what: `${answersMin} answers` });
  const status = readFileSync(`/proc/${front.pid}/status`, 'latin1');
  const highestBytes = Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
  t.diagnostic(`${Math.round(highestBytes / 1e6)} MB at most`);
  assert.ok(highestBytes < promisedBytes, `${highestBytes} bytes`);
});
