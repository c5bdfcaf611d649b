/**
 * A Kafka cluster on this machine without Docker: one or more nodes, each broker and controller, on loopback.
 * Data stays in its folder between starts. `npm run kafka` and the tests use it.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { keptPort } from '../harness/kept-port.ts';
import { errorCode } from '../src/system/errno.ts';
import { probePort } from '../src/system/port-probe.ts';
import { fetchJars, jarsFolder } from './jars.ts';
import { createKafkaNode, type JavaPurpose, type KafkaNode } from './node.ts';
import { missingRequirements } from './requirements.ts';
import {
  type NodeAddress,
  type SecureListener,
  scramArguments,
  serverProperties,
} from './server-properties.ts';
import { startWatchdog } from './start-watchdog.ts';

export interface KafkaCluster {
  /** `host:port,host:port`, as KAFKA_BROKERS takes it. */
  readonly brokers: string;
  /** The same for the listeners that want TLS and a login; null where there are none. */
  readonly secureBrokers: string | null;
  readonly nodes: readonly KafkaNode[];
  /** Resolves once every running node serves. @throws KafkaNotRunnableError, or Error with the brokers' last words */
  start(): Promise<void>;
  /** Waits until `count` nodes (default: all) are members and serve. */
  ready(count?: number): Promise<void>;
  /** In order where that goes quickly, else by force. */
  stop(): Promise<void>;
}

/** The machine lacks what a broker needs; the message says what. */
export class KafkaNotRunnableError extends Error {
  override readonly name = 'KafkaNotRunnableError';
}

/** How long a cluster may take to serve, milliseconds: 15 s on an idle machine, more on a busy one. */
const startMsMax = 120_000;
const stopMsMax = 15_000;

/** @throws KafkaNotRunnableError where java, or mvn to fetch the jars, is missing, or a port that was asked for is taken */
export async function createKafkaCluster(options: {
  folder: string;
  nodes: number;
  /** Nodes listen on this, +2, +4, ...; their controllers on the ports between. 0: free ones. */
  port: number;
  /** More lines of every node's server.properties. */
  properties?: Readonly<Record<string, string>>;
  /** A second listener a node, on free ports. */
  secure?: SecureListener;
  /** Default: tests. */
  purpose?: JavaPurpose;
}): Promise<KafkaCluster> {
  const jars = await jarsFolder();
  const missing = await missingRequirements(jars.cached);
  if (missing.length > 0) throw new KafkaNotRunnableError(missing.join('\n'));
  if (!jars.cached) await fetchJars(jars.folder);
  const addresses = await nodeAddresses(options.nodes, options.port, options.secure !== undefined);
  // Another number of nodes is another cluster: it shares no data.
  const folder = join(options.folder, `cluster-of-${options.nodes}`);
  const clusterId = await clusterIdOf(folder);
  const watchdog = startWatchdog();
  const nodes = addresses.map((address) =>
    createKafkaNode({
      address,
      folder: join(folder, `node-${address.id}`),
      jars: jars.folder,
      clusterId,
      properties: serverProperties(
        address,
        addresses,
        join(folder, `node-${address.id}`, 'data'),
        options.properties,
        options.secure,
      ),
      purpose: options.purpose ?? 'tests',
      formatArguments: options.secure ? scramArguments(options.secure) : [],
      onStart: (pid) => watchdog.add(pid),
      onEnd: (pid) => watchdog.remove(pid),
    }),
  );
  const brokers = addresses.map(({ port }) => `127.0.0.1:${port}`);

  async function ready(count = nodes.length) {
    const deadline = performance.now() + startMsMax;
    while (!(await serving(brokers, count))) {
      const dead = nodes.filter((node) => node.pid === undefined);
      if (dead.length > nodes.length - count)
        throw new Error(`a Kafka node ended:\n${await dead[0]!.lastWords()}`);
      if (performance.now() > deadline)
        throw new Error(`Kafka does not serve after ${startMsMax} ms:\n${await nodes[0]!.lastWords()}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  return {
    brokers: brokers.join(','),
    secureBrokers: options.secure
      ? addresses.map(({ securePort }) => `127.0.0.1:${securePort}`).join(',')
      : null,
    nodes,
    ready,
    async start() {
      await Promise.all(nodes.map((node) => node.start()));
      await ready();
    },
    async stop() {
      for (const node of nodes) {
        node.kill('SIGCONT'); // one that was stopped cannot end in order
        node.kill('SIGTERM');
      }
      const forced = setTimeout(() => {
        for (const node of nodes) node.kill('SIGKILL');
      }, stopMsMax);
      await Promise.all(nodes.map((node) => node.ended()));
      clearTimeout(forced);
      watchdog.close();
    },
  };
}

/** True when some broker answers that `count` brokers are members, with a controller among them. */
async function serving(brokers: string[], count: number): Promise<boolean> {
  const admin = new Kafka({
    clientId: 'usage-ingest-starter',
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    return cluster.brokers.length >= count && cluster.controller !== null;
  } catch {
    return false; // not yet
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

async function clusterIdOf(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'cluster-id');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const id = newClusterId();
    await writeFile(file, `${id}\n`);
    return id;
  }
}

/** 16 random bytes as Kafka writes them; one that begins with `-` would be an option to its tools. */
function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

async function nodeAddresses(count: number, port: number, isSecure: boolean): Promise<NodeAddress[]> {
  if (port > 0) await provePortsFree(port, 2 * count);
  const free = await keptPort(3 * count);
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    port: port === 0 ? free + 3 * index : port + 2 * index,
    controllerPort: port === 0 ? free + 3 * index + 1 : port + 2 * index + 1,
    ...(isSecure ? { securePort: free + 3 * index + 2 } : {}),
  }));
}

/** A broker would try for a minute, and another program on its port would be asked whether Kafka serves. */
async function provePortsFree(first: number, count: number): Promise<void> {
  for (let port = first; port < first + count; port++) {
    try {
      await probePort(port);
    } catch (error) {
      throw new KafkaNotRunnableError(
        `port ${port} on 127.0.0.1 cannot be listened on (${errorCode(error)}): set another KAFKA_PORT; ${count} ports from there on are used.`,
      );
    }
  }
}
