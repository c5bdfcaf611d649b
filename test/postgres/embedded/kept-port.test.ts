import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestPostgres } from '../../support/postgres.ts';

test('a Postgres of a test comes back on its port, which nobody is given who asks for any', async (t) => {
  const server = await startTestPostgres({ t });
  const { port } = server;
  assert.ok(port >= 20_000 && port < 32_000, `${port}`);
  await server.restart();
  assert.equal(server.port, port);
});
