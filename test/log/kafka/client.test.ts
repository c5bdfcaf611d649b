import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { loadSettings } from '../../../src/config/load.ts';
import { createKafkaClient } from '../../../src/log/kafka/client.ts';

test('a broker is reached by its IPv6 address', async (t) => {
  const server = createServer();
  server.listen(0, '::1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const patience = { connectionTimeoutMs: 1_000, requestTimeoutMs: 1_000, retries: 0 };
  const kafka = createKafkaClient(loadSettings({ KAFKA_BROKERS: `[::1]:${port}` }), 'test', patience);
  const admin = kafka.admin({ retry: { retries: 0 } });
  const connected = once(server, 'connection');
  const ended = admin.connect().catch((error: unknown) => error);
  const [socket] = await connected;
  const [bytes] = await once(socket, 'data');
  assert.ok(bytes.includes('test'), 'its first request, with the client id');
  socket.destroy();
  await ended;
  await admin.disconnect().catch(() => {});
});
