import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { probePort } from '../../src/system/port-probe.ts';

test('a port that somebody listens on is refused, and free again once nobody does', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await assert.rejects(probePort(port), { code: 'EADDRINUSE' });
  await new Promise((resolve) => server.close(resolve));
  assert.equal(await probePort(port), port);
});
