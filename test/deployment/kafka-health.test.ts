/** Compose's health check of a broker, against a real one: it speaks Kafka's protocol without a JVM. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { keptPort } from '../../harness/kept-port.ts';
import { readComposeFile } from '../support/compose-file.ts';
import { skipWithoutKafka, startTestKafka } from '../support/kafka.ts';

const check = readComposeFile().services.kafka!.healthcheck!.test;

/** As the engine runs it in the container, but for where the broker is. */
function looksHealthy(address: string): Promise<boolean> {
  const [kind, program, ...args] = check;
  assert.equal(kind, 'CMD');
  const [host, port] = address.split(':');
  const there = args.map((arg) =>
    arg.replaceAll('$$', '$').replace('/dev/tcp/$(hostname)/9092', `/dev/tcp/${host}/${port}`),
  );
  return new Promise((resolve) => execFile(program!, there, (error) => resolve(error === null)));
}

const kafka = await startTestKafka();
if (kafka) after(() => kafka.stop());

test('a broker that answers is healthy; a port that only listens, and none, are not', {
  skip: skipWithoutKafka(kafka),
}, async (t) => {
  assert.equal(await looksHealthy(kafka!.brokers.split(',')[0]!), true);
  assert.equal(await looksHealthy(`127.0.0.1:${await keptPort()}`), false);
  const deaf = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
  t.after(() => deaf.close());
  assert.equal(await looksHealthy(`127.0.0.1:${(deaf.address() as { port: number }).port}`), false);
});
