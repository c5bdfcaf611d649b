/** `npm run kafka`: the line it prints, its data between starts, and brokers that never outlive their starter. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keptPort } from '../../harness/kept-port.ts';
import { jarsFolder } from '../../kafka/jars.ts';
import { missingRequirements } from '../../kafka/requirements.ts';
import { withAdmin } from '../support/kafka.ts';
import { until } from '../support/until.ts';

const entry = fileURLToPath(new URL('../../kafka/start.ts', import.meta.url));
const missing = await missingRequirements((await jarsFolder()).cached);
if (missing.length > 0) console.error(`\n*** THE TEST OF npm run kafka IS SKIPPED:\n${missing.join('\n')}\n`);

function start(
  dataDir: string,
  env: Record<string, string> = { KAFKA_PORT: '0' },
  ...args: string[]
): { child: ChildProcess; output(): string; brokers(): Promise<string> } {
  let output = '';
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args], {
    env: { ...process.env, DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return {
    child,
    output: () => output,
    brokers: () =>
      until(
        () => {
          if (child.exitCode !== null) throw new Error(`it ended:\n${output}`);
          return /^KAFKA_BROKERS=(\S+)$/m.exec(output)?.[1];
        },
        { what: 'Kafka says where it is', timeoutMs: 120_000 },
      ),
  };
}

async function listen(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('killed, its broker goes too; started again, its data is there; SIGTERM ends it in order', {
  skip: missing.length > 0 && missing.join(' '),
}, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'usage-kafka-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const first = start(dataDir);
  t.after(() => first.child.kill('SIGKILL'));
  await withAdmin(await first.brokers(), (admin) => admin.createTopics({ topics: [{ topic: 'kept' }] }));
  const brokerPid = Number(/pid (\d+)/.exec(first.output())?.[1]);
  assert.ok(lives(brokerPid));
  first.child.kill('SIGKILL');
  await until(() => !lives(brokerPid), { what: 'the broker has ended' });

  const second = start(dataDir);
  t.after(() => second.child.kill('SIGKILL'));
  const topics = await withAdmin(await second.brokers(), (admin) => admin.listTopics());
  assert.deepEqual(topics, ['kept']);
  second.child.kill('SIGTERM');
  await until(() => second.child.exitCode !== null, { what: 'it has ended' });
  assert.equal(second.child.exitCode, 0);
  assert.equal(lives(Number(/pid (\d+)/.exec(second.output())?.[1])), false);
});

test('KAFKA_PORT fixes the port, and another one the next time moves the same data there', {
  skip: missing.length > 0 && missing.join(' '),
}, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'usage-kafka-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  for (const topics of [['first'], ['first', 'second']]) {
    const port = await keptPort(2);
    const runner = start(dataDir, { KAFKA_PORT: `${port}` });
    t.after(() => runner.child.kill('SIGKILL'));
    const brokers = await runner.brokers();
    assert.equal(brokers, `127.0.0.1:${port}`);
    const [listed, cluster] = await withAdmin(brokers, async (admin) => {
      await admin.createTopics({ topics: [{ topic: topics.at(-1)! }] });
      return [await admin.listTopics(), await admin.describeCluster()];
    });
    assert.deepEqual(listed.sort(), topics);
    assert.deepEqual(
      cluster.brokers.map((each) => each.port),
      [port],
    );
    runner.child.kill('SIGTERM');
    await until(() => runner.child.exitCode !== null, { what: 'it has ended' });
    assert.equal(runner.child.exitCode, 0);
  }
});

test('KAFKA_PORT that is taken: it ends, and says why', {
  skip: missing.length > 0 && missing.join(' '),
}, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'usage-kafka-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const taken = await listen(0);
  t.after(() => close(taken));
  const { port } = taken.address() as AddressInfo;
  const runner = start(dataDir, { KAFKA_PORT: `${port}` });
  t.after(() => runner.child.kill('SIGKILL'));
  await until(() => runner.child.exitCode !== null, { what: 'it has ended' });
  assert.equal(runner.child.exitCode, 69);
  assert.match(runner.output(), new RegExp(`port ${port} .*KAFKA_PORT`));
});

test('KAFKA_PORT that is no port is a wrong command line', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'usage-kafka-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  for (const KAFKA_PORT of ['kafka', '-1', '65536', '9092.5']) {
    const runner = start(dataDir, { KAFKA_PORT });
    await until(() => runner.child.exitCode !== null, { what: 'it has ended' });
    assert.equal(runner.child.exitCode, 64);
    assert.match(runner.output(), /KAFKA_PORT must be a whole number/);
  }
});
