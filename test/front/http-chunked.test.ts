/** Chunked bodies, and what may stand behind them: trailers are never run as a request, and never answer another's. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { connectRaw, startFront, statusesIn, usage } from '../support/front.ts';
import { until } from '../support/until.ts';

const body = JSON.stringify(usage);
const head = (line: string) => `${line} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
/** Legal field lines, which the HTTP server takes for a request line once it has passed over two bytes. */
const trailers = 'xxput: /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n';
const smuggled = `xxPOST /api/usages HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** What comes at once, each with the status that it may be answered, if it is. */
const requests: Record<string, [text: string, status: number]> = {
  stored: [head('POST /api/usages') + chunk(body), 201],
  invalid: [head('POST /api/usages') + chunk('{}'), 422],
  malformed: [head('POST /api/usages') + chunk('{'), 400],
  'of nothing': [head('POST /api/usages'), 422],
  'of another type': [
    head('POST /api/usages').replace('Host', 'Content-Type: text/html\r\nHost') + chunk(body),
    415,
  ],
  'to a path that is read': [head('GET /healthz') + chunk('a'), 200],
  'to no path': [head('POST /none') + chunk(body), 404],
  'by another method': [head('PUT /api/usages') + chunk(body), 405],
};

for (const [name, [text, status]] of Object.entries(requests))
  test(`a chunked request ${name}: one answer at most, and the connection ends`, async (t) => {
    const { port, appender } = await startFront(t);
    const stored = status === 201 ? 1 : 0;
    for (const [i, behind] of ['\r\n', trailers, smuggled].entries()) {
      const connection = connectRaw(t, port);
      connection.write(`${text}0\r\n${behind}`);
      await until(() => connection.isClosed, { what: 'the connection is closed' });
      const statuses = statusesIn(connection.received);
      assert.ok(statuses.length <= 1, `${statuses}`);
      if (behind === '\r\n') assert.deepEqual(statuses, [status]);
      // Without two bytes before it the server takes what follows for broken HTTP, which it may say.
      else
        assert.ok(
          statuses.every((one) => [status, 400, 505].includes(one)),
          `${statuses}`,
        );
      assert.ok(appender.rows().length <= stored * (i + 1));
    }
  });

test('trailers that come after the answer are not read', async (t) => {
  const { port, appender } = await startFront(t);
  const connection = connectRaw(t, port);
  connection.write(`${requests.stored![0]}0\r\n`);
  connection.write('\r\n');
  await until(() => statusesIn(connection.received).length === 1, { what: 'the answer' });
  connection.write(smuggled.slice(2));
  await until(() => connection.isClosed, { what: 'the connection is closed' });
  assert.deepEqual(statusesIn(connection.received), [201]);
  assert.equal(appender.rows().length, 1);
});
