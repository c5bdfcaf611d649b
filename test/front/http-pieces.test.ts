/** A request that comes in pieces, as an embedded client prints it, is the same request wherever it is cut. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { loadUws } from '../../src/front/uws.ts';
import { connectRaw, startFront, statusesIn, usage } from '../support/front.ts';
import { until } from '../support/until.ts';

const body = JSON.stringify(usage);
const request = `POST /api/usages HTTP/1.1\r\nHost: example.org\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const { release } = await loadUws();

test(`a request cut in two anywhere is taken (uWebSockets.js ${release})`, async (t) => {
  const { port, appender } = await startFront(t);
  const answers = new Map<number, number[]>();
  for (let cut = 1; cut < request.length; cut++) {
    const connection = connectRaw(t, port);
    connection.write(request.slice(0, cut));
    // Front and client share this event loop: after a few turns of it the front has read what was sent.
    for (let turns = 0; turns < 4; turns++) await turn();
    connection.write(request.slice(cut));
    await until(() => connection.isClosed || statusesIn(connection.received).length > 0, {
      what: `an answer to a request cut at ${cut}`,
    });
    answers.set(cut, statusesIn(connection.received));
    connection.socket.destroy();
  }
  const refused = [...answers].filter(([, statuses]) => statuses.join() !== '201');
  // The older package takes the start of a request line for one of another version of HTTP.
  const lineEnd = request.indexOf('\r\n') + 2;
  if (release === '20.49') {
    assert.ok(refused.length > 0, 'the older package is mended: say so in src/front/uws.ts');
    for (const [cut, statuses] of refused)
      assert.deepEqual([cut < lineEnd, statuses], [true, [505]], `${cut}`);
  } else assert.deepEqual(refused, []);
  assert.equal(appender.rows().length, answers.size - refused.length);
});
