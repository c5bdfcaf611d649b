import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { keptPort } from '../../harness/kept-port.ts';
import { startTestPostgres } from '../support/postgres.ts';

test('ports in a row are this process alone to give away, and free to be listened on', async (t) => {
  const first = await keptPort(2);
  for (const port of [first, first + 1]) {
    const rival = createSocket('udp4');
    rival.bind({ port, address: '127.0.0.1', exclusive: true });
    const [error] = await once(rival, 'error');
    assert.equal(error.code, 'EADDRINUSE');
    const server = createServer();
    t.after(() => server.close());
    await once(server.listen(port, '127.0.0.1'), 'listening');
  }
});

test('a Postgres of a test comes back on its port, which nobody is given who asks for any', async (t) => {
  const server = await startTestPostgres({ t });
  const { port } = server;
  assert.ok(port >= 20_000 && port < 32_000, `${port}`);
  await server.restart();
  assert.equal(server.port, port);
});
