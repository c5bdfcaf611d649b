/** `npm run kafka`: the line it prints, its data between starts, and brokers that never outlive their starter. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { jarsFolder } from '../../kafka/jars.ts';
import { missingRequirements } from '../../kafka/requirements.ts';
import { withAdmin } from '../support/kafka.ts';
import { until } from '../support/until.ts';

const entry = new URL('../../kafka/start.ts', import.meta.url).pathname;
const missing = await missingRequirements((await jarsFolder()).cached);
if (missing.length > 0) console.error(`\n*** THE TEST OF npm run kafka IS SKIPPED:\n${missing.join('\n')}\n`);

function start(dataDir: string): { child: ChildProcess; output(): string; brokers(): Promise<string> } {
  let output = '';
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry], {
    env: { ...process.env, DATA_DIR: dataDir, KAFKA_PORT: '0' },
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
