/**
 * The quick ratio for whoever makes the front faster: CPU a single-usage request of the whole front, over the local log
 * or over Kafka, against a bare uWebSockets.js 201 that reads the body; alternating, each in a process of its own, whose
 * own CPU is all that counts. Nothing is stored. Only the ratio says something on a shared machine. Kafka is that of
 * KAFKA_BROKERS, else one of our own beside it.
 *
 *     node bench/front-cpu.ts [--kinds bare,local,kafka] [--connections 64,256,512] [--seconds 3] [--rounds 4]
 */

import { parseArgs } from 'node:util';
import { createBenchKafka } from './bench-kafka.ts';
import { type FrontKind, type FrontServer, frontKinds, startFrontServer } from './front-server.ts';
import { startLoad } from './load/load.ts';

const { values } = parseArgs({
  options: {
    kinds: { type: 'string', default: 'bare,local' },
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '4' },
  },
});
const kinds = values.kinds.split(',') as FrontKind[];
const unknown = kinds.find((kind) => !frontKinds.includes(kind));
if (unknown !== undefined)
  throw new Error(`--kinds: there is no ${unknown}, there are ${frontKinds.join(', ')}`);

const kafka = createBenchKafka();
const load = await startLoad();
try {
  const brokers = kinds.includes('kafka') ? (process.env.KAFKA_BROKERS ?? (await kafka.start()).brokers) : '';
  const servers = await Promise.all(kinds.map((kind) => startFrontServer(kind, { brokers })));
  try {
    for (const connections of values.connections.split(',').map(Number)) await compare(servers, connections);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
} finally {
  await load.stop();
  await kafka.stop();
}

async function compare(servers: readonly FrontServer[], connections: number): Promise<void> {
  const measured = new Map<FrontKind, number[]>(servers.map(({ kind }) => [kind, []]));
  const requests = new Map<FrontKind, number>();
  for (const server of servers) {
    const { rate } = await measure(server, connections, 5_000);
    requests.set(server.kind, Math.max(connections, Math.round(rate * Number(values.seconds))));
  }
  for (let round = 0; round < Number(values.rounds); round++)
    for (const server of servers) {
      const { cpuUs, rate, group, spooled } = await measure(server, connections, requests.get(server.kind)!);
      measured.get(server.kind)!.push(cpuUs);
      const more = `${group > 0 ? `, ${group.toFixed(0)} an append` : ''}${spooled > 0 ? `, ${spooled} spooled` : ''}`;
      console.log(`${server.kind.padEnd(6)} ${cpuUs.toFixed(1)} us a request, ${rate.toFixed(0)}/s${more}`);
    }
  const first = median(measured.get(servers[0]!.kind)!);
  for (const { kind } of servers.slice(1))
    console.log(
      `${connections} connections: ${kind} / ${servers[0]!.kind} = ${(median(measured.get(kind)!) / first).toFixed(2)} (medians)`,
    );
}

/** CPU microseconds a request, requests a second, usages an append. @throws Error where not all are acknowledged */
async function measure(server: FrontServer, connections: number, requests: number) {
  const before = await server.sample();
  const result = await load.run({
    url: server.url,
    form: 'single',
    connections,
    pace: { kind: 'closed', requests },
  });
  const after = await server.sample();
  if (result.requests !== requests)
    throw new Error(`${result.shed} requests were shed, ${result.errors} failed (${result.firstError})`);
  const appends = after.appends - before.appends;
  return {
    cpuUs: (after.cpuUs - before.cpuUs) / requests,
    rate: requests / result.durationS,
    group: appends > 0 ? requests / appends : 0,
    spooled: after.spooled - before.spooled,
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
