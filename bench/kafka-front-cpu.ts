/**
 * CPU a single-usage request: the front over Kafka against the front over the local log, alternating, each in a
 * process of its own (its own CPU is all that counts), driven from another one. Only the ratio says something on
 * a shared machine. Kafka is that of KAFKA_BROKERS, else one of our own beside it.
 *
 *     node bench/kafka-front-cpu.ts [--seconds 3] [--rounds 4] [--connections 512]
 */

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { createKafkaCluster } from '../kafka/cluster.ts';

const kinds = ['local', 'kafka'] as const;
type Kind = (typeof kinds)[number];

interface Sample {
  readonly port: number;
  readonly cpuUs: number;
  readonly spooled: number;
  readonly appends: number;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '512' },
  },
});
const body = JSON.stringify({
  patientId: '100',
  medication: 'Albuterol',
  timestamp: 'Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)',
});

const message = (child: ChildProcess) =>
  new Promise<Sample>((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the server exited with ${code}`));
    child.once('exit', onExit);
    child.once('message', (received) => {
      child.off('exit', onExit);
      resolve(received as Sample);
    });
  });

async function sampleOf(child: ChildProcess): Promise<Sample> {
  child.send('sample');
  return message(child);
}

/** CPU microseconds a request, requests a second, and usages an append. */
async function measure(child: ChildProcess, port: number, seconds: number) {
  const before = await sampleOf(child);
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/api/usages`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    connections: Number(values.connections),
    duration: seconds,
  });
  const after = await sampleOf(child);
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} answers were not 2xx, ${result.errors} requests failed`);
  const { total } = result.requests;
  return {
    cpuUs: (after.cpuUs - before.cpuUs) / total,
    rate: total / seconds,
    group: total / (after.appends - before.appends),
    spooled: after.spooled - before.spooled,
  };
}

async function startKafka(): Promise<{ brokers: string; stop(): Promise<void> }> {
  if (process.env.KAFKA_BROKERS) return { brokers: process.env.KAFKA_BROKERS, stop: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'bench-kafka-'));
  const cluster = await createKafkaCluster({ folder, nodes: 1, port: 0 });
  await cluster.start();
  return {
    brokers: cluster.brokers,
    async stop() {
      await cluster.stop();
      await rm(folder, { recursive: true });
    },
  };
}

const kafka = await startKafka();
const servers = new Map<Kind, { child: ChildProcess; port: number; cpuUs: number[] }>();
for (const kind of kinds) {
  const file = fileURLToPath(new URL('kafka-front-cpu-server.ts', import.meta.url));
  const child = fork(file, [kind], { env: { ...process.env, KAFKA_BROKERS: kafka.brokers } });
  servers.set(kind, { child, port: (await message(child)).port, cpuUs: [] });
}
for (const { child, port } of servers.values()) await measure(child, port, 2);
for (let round = 0; round < Number(values.rounds); round++)
  for (const [kind, { child, port, cpuUs }] of servers) {
    const measured = await measure(child, port, Number(values.seconds));
    cpuUs.push(measured.cpuUs);
    const spooled = measured.spooled > 0 ? `, ${measured.spooled} spooled` : '';
    console.log(
      `${kind.padEnd(6)} ${measured.cpuUs.toFixed(1)} us a request, ${measured.rate.toFixed(0)}/s, ${measured.group.toFixed(0)} an append${spooled}`,
    );
  }
const median = (kind: Kind) =>
  servers.get(kind)!.cpuUs.sort((a, b) => a - b)[Math.floor(Number(values.rounds) / 2)]!;
console.log(`ratio of the medians: ${(median('kafka') / median('local')).toFixed(2)}`);
await Promise.all(
  [...servers.values()].map(({ child }) => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.send('stop');
    return ended;
  }),
);
await kafka.stop();
