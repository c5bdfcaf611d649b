/**
 * `npm run kafka`: a Kafka for development and tests, without Docker. `-- --nodes 3` for three nodes.
 * KAFKA_PORT (9092) and DATA_DIR (./data) say where. Stops on SIGTERM, SIGINT, or with its parent;
 * SIGUSR2 starts nodes again that were killed.
 */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { onParentGone } from '../src/system/parent-process.ts';
import { createKafkaCluster, type KafkaCluster, KafkaNotRunnableError } from './cluster.ts';

const { nodes, port, folder } = readOptions();
let cluster: KafkaCluster;
try {
  console.log(`Kafka: ${nodes} node${nodes === 1 ? '' : 's'}, data in ${folder}`);
  cluster = await createKafkaCluster({ folder, nodes, port });
} catch (error) {
  if (!(error instanceof KafkaNotRunnableError)) throw error;
  console.error(error.message);
  process.exit(69);
}

let stopping = false;
async function stop(code: number) {
  if (stopping) return;
  stopping = true;
  await cluster.stop();
  process.exit(code);
}
process.on('SIGTERM', () => void stop(0));
process.on('SIGINT', () => void stop(0));
process.on('SIGHUP', () => void stop(0));
await onParentGone(() => void stop(0));

process.on('SIGUSR2', async () => {
  for (const node of cluster.nodes) if (node.pid === undefined && !stopping) await startAndWatch(node);
});

async function startAndWatch(node: KafkaCluster['nodes'][number]) {
  await node.start();
  console.log(`node ${node.address.id}: 127.0.0.1:${node.address.port}, pid ${node.pid}`);
  void node.ended().then(() => {
    if (stopping) return;
    console.log(`node ${node.address.id} has ended`);
    if (cluster.nodes.every(({ pid }) => pid === undefined)) void stop(1);
  });
}

try {
  await Promise.all(cluster.nodes.map(startAndWatch));
  await cluster.ready();
  if (!stopping) console.log(`KAFKA_BROKERS=${cluster.brokers}`);
} catch (error) {
  if (!stopping) console.error((error as Error).message);
  await stop(1);
}

function readOptions(): { nodes: number; port: number; folder: string } {
  try {
    const { values } = parseArgs({ options: { nodes: { type: 'string', default: '1' } } });
    const nodes = wholeNumber('--nodes', values.nodes, 1, 9);
    const port = wholeNumber('KAFKA_PORT', process.env.KAFKA_PORT || '9092', 0, 65_535 - 2 * nodes);
    return { nodes, port, folder: resolve(process.env.DATA_DIR || './data', 'kafka') };
  } catch (error) {
    console.error((error as Error).message);
    process.exit(64);
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new Error(`${name} must be a whole number from ${min} to ${max}.`);
  return value;
}
