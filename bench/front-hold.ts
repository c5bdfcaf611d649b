/**
 * How long does one request hold a front's event loop at most? Bodies of a few bytes that inflate to all that a front
 * takes, and large honest ones, one after the other; the front is a process of its own and looks itself at the CPU
 * that each turn of its event loop takes. Of some rounds the quietest counts. Fails beyond 25 ms. Linux alone tells it.
 *
 *     node bench/front-hold.ts [--rounds 3]
 */

import { request } from 'node:http';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { hostileBodies } from '../harness/hostile-bodies.ts';
import { startFrontServer } from './front-server.ts';

const holdMsMax = 25;
const inflatedBytes = 8 * 1024 * 1024 - 1;
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });

const usage = (i: number) => ({
  patientId: `p-${i}`,
  medication: 'Albuterol',
  timestamp: '2016-11-01T09:11:51-05:00',
});
const array = (item: (i: number) => unknown) =>
  Buffer.from(JSON.stringify(Array.from({ length: 10_000 }, (_, i) => item(i))));
const honest = {
  '10,000 plain usages': array(usage),
  '10,000 usages with further fields': array((i) => ({ ...usage(i), doses: 2, note: 'é'.repeat(150) })),
  '10,000 invalid usages': array((i) => ({ x: 'y'.repeat(800), i })),
};
const bodies = [
  ...Object.entries(hostileBodies).map(([name, { format, make }]) => ({
    name,
    format,
    body: make(inflatedBytes),
  })),
  ...Object.entries(honest).map(([name, body]) => ({ name, format: 'json', body })),
];

const front = await startFrontServer('local', { watched: true });
try {
  await post(front.url, Buffer.from(JSON.stringify(usage(0))), 'json', false);
  let longestMs = 0;
  for (const { name, format, body } of bodies) {
    const compressed = brotliCompressSync(body, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 24 },
    });
    let heldMs = Number.POSITIVE_INFINITY;
    let status = 0;
    for (let round = 0; round < Number(values.rounds); round++) {
      await front.sample();
      status = await post(front.url, compressed, format, true);
      heldMs = Math.min(heldMs, (await front.sample()).longestTurnMs);
    }
    longestMs = Math.max(longestMs, heldMs);
    console.log(
      `${heldMs.toFixed(1).padStart(6)} ms  ${status}  ${name}, ${compressed.length} bytes on the wire`,
    );
  }
  console.log(`longest hold ${longestMs.toFixed(1)} ms, at most ${holdMsMax} ms`);
  process.exitCode = longestMs > holdMsMax ? 1 : 0;
} finally {
  await front.stop();
}

function post(url: string, body: Buffer, format: string, compressed: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': format === 'ndjson' ? 'application/x-ndjson' : 'application/json',
      'content-length': body.length,
      ...(compressed ? { 'content-encoding': 'br' } : {}),
    };
    const sent = request(url, { method: 'POST', headers, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode!));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
