/**
 * A real Kafka for tests: the one of KAFKA_BROKERS, else one of our own (kafka/). Where neither can be had the
 * tests are skipped, by name and loudly; with CI=true that is a failure.
 */

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { createKafkaCluster, type KafkaCluster, KafkaNotRunnableError } from '../../kafka/cluster.ts';
import { type Settings, settingsSchema } from '../../src/config/settings.ts';
import { type SlowProxy, startSlowProxy } from './slow-proxy.ts';

export interface TestKafka {
  readonly brokers: string;
  /** The nodes, to kill, stop and start; null where KAFKA_BROKERS names a cluster that is not ours. */
  readonly cluster: KafkaCluster | null;
  /** The authority of the second listener's certificate, a PEM file. */
  readonly caFile: string;
  stop(): Promise<void>;
}

export interface TestKafkaOptions {
  readonly nodes?: number;
  /** More lines of server.properties. */
  readonly properties?: Readonly<Record<string, string>>;
  /** A second listener with TLS that these users, with these passwords, may log in to. */
  readonly users?: Readonly<Record<string, string>>;
  /** False: made, not started yet. */
  readonly started?: boolean;
}

/**
 * A Kafka that other tests may use too: make topics of your own, and leave the brokers alone. Null where none
 * can be had; say why with `skipWithoutKafka`.
 */
export async function startTestKafka(): Promise<TestKafka | null> {
  const brokers = process.env.KAFKA_BROKERS;
  return brokers ? { brokers, cluster: null, caFile: '', stop: async () => {} } : startOwnKafka();
}

/** A Kafka of the test's own, to be killed as it likes. Null where none can be had. */
export async function startOwnKafka(
  options: TestKafkaOptions = {},
): Promise<(TestKafka & { cluster: KafkaCluster }) | null> {
  const folder = await mkdtemp(join(tmpdir(), 'usage-kafka-'));
  try {
    const cluster = await createKafkaCluster({
      folder,
      nodes: options.nodes ?? 1,
      port: 0,
      ...(options.properties ? { properties: options.properties } : {}),
      ...(options.users
        ? { secure: { users: options.users, keystoreFile: await makeKeystore(folder) } }
        : {}),
    });
    if (options.started !== false) await cluster.start();
    return {
      brokers: cluster.brokers,
      cluster,
      caFile: join(folder, 'certificate.pem'),
      async stop() {
        await cluster.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (!(error instanceof KafkaNotRunnableError) || process.env.CI === 'true') throw error;
    console.error(`\n*** KAFKA TESTS ARE SKIPPED: set KAFKA_BROKERS, or mend this:\n${error.message}\n`);
    return null;
  }
}

/**
 * A Kafka of the test's own of one node, which clients are sent to by way of a proxy, whatever broker they ask. Null
 * where none can be had.
 */
export async function startProxiedKafka(): Promise<(TestKafka & { proxy: SlowProxy }) | null> {
  const proxy = await startSlowProxy();
  const kafka = await startOwnKafka({
    properties: { 'advertised.listeners': `BROKER://127.0.0.1:${proxy.port}` },
    started: false,
  });
  if (!kafka) {
    await proxy.close();
    return null;
  }
  proxy.passTo(kafka.cluster.nodes[0]!.address.port);
  await kafka.cluster.start();
  return {
    ...kafka,
    brokers: `127.0.0.1:${proxy.port}`,
    proxy,
    async stop() {
      await kafka.stop();
      await proxy.close();
    },
  };
}

/** A certificate that signs itself, and the file with its key as Kafka takes it. */
async function makeKeystore(folder: string): Promise<string> {
  const [key, certificate, keystore] = ['key.pem', 'certificate.pem', 'keystore.pem'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  await promisify(execFile)('openssl', [
    ...request,
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
  ]);
  await writeFile(keystore, Buffer.concat([await readFile(key), await readFile(certificate)]), {
    mode: 0o600,
  });
  return keystore;
}

/** As `test.skip` takes it: false, or why. */
export const skipWithoutKafka = (kafka: TestKafka | null): string | false =>
  kafka ? false : 'no Kafka: KAFKA_BROKERS is not set, and this machine cannot run one';

let serial = 0;

/** Settings for a topic, a group and a DATA_DIR of the test's own. */
export function kafkaSettings(brokers: string, more: Record<string, string> = {}): Settings {
  const unique = `test-${process.pid}-${Date.now()}-${++serial}`;
  const dataDir = join(tmpdir(), `usage-kafka-${unique}`);
  process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
  return settingsSchema.parse({
    DATA_DIR: dataDir,
    KAFKA_BROKERS: brokers,
    USAGE_KAFKA_TOPIC: unique,
    USAGE_KAFKA_GROUP: unique,
    ...more,
  });
}

/** Uses an admin client of the cluster, and closes it. */
export async function withAdmin<T>(brokers: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}
