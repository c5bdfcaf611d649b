/** The conservation run on Kafka, with the broker and a second writer among what is killed. */

import { type ChildProcess, spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runConservation } from '../support/conservation.ts';
import type { Instance } from '../support/instance.ts';
import { kafkaSettings, skipWithoutKafka, startOwnKafka } from '../support/kafka.ts';

const kafka = await startOwnKafka();
after(() => kafka?.stop());

const entry = fileURLToPath(new URL('../../bin/usage-ingest.js', import.meta.url));
const hungMs = 15_000;

test('26 kills of everything, broker and two writers too', { skip: skipWithoutKafka(kafka) }, async () => {
  const node = kafka!.cluster.nodes[0]!;
  const { USAGE_KAFKA_TOPIC, USAGE_KAFKA_GROUP } = kafkaSettings(kafka!.brokers);
  const env = { KAFKA_BROKERS: kafka!.brokers, USAGE_KAFKA_TOPIC, USAGE_KAFKA_GROUP };
  let second: ChildProcess | null = null;

  async function startSecondWriter(instance: Instance) {
    const databaseUrl = await instance.databaseUrl();
    let stopping = false;
    const run = () => {
      second = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', entry, 'start', '--role', 'writer', '--worker', '1'],
        {
          env: {
            PATH: process.env.PATH,
            ...env,
            DATABASE_URL: databaseUrl,
            DATA_DIR: instance.dataDir,
            ADMIN_PORT: '0',
          },
          stdio: ['ignore', 'ignore', 'inherit'],
        },
      );
      second.once('exit', () => {
        if (!stopping) run();
      });
    };
    run();
    return async () => {
      stopping = true;
      const ended = new Promise((resolve) => second!.once('exit', resolve));
      second!.kill('SIGTERM');
      await ended;
    };
  }

  await runConservation({
    kills: 26,
    env,
    targets: ['front', 'relay', 'writer', 'postgres', 'supervisor'],
    beside: startSecondWriter,
    mishaps: {
      'second writer': async () => void second?.kill('SIGKILL'),
      broker: async () => {
        node.kill('SIGKILL');
        await node.ended();
        await node.start();
        await kafka!.cluster.ready();
      },
      'hung broker': async () => {
        node.kill('SIGSTOP');
        await new Promise((resolve) => setTimeout(resolve, hungMs)); // how long it hangs, not a wait for something
        node.kill('SIGCONT');
        await kafka!.cluster.ready();
      },
    },
  });
});
