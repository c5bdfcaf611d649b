/**
 * CPU a request: the whole front against a bare uWebSockets.js 201 that reads the body, alternating, each in a process
 * of its own, driven from another one. Only the ratio says something on a shared machine.
 *
 *     node bench/front-cpu.ts [--seconds 3] [--rounds 4] [--connections 64]
 */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';

const kinds = ['bare', 'front'] as const;
type Kind = (typeof kinds)[number];

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '64' },
  },
});
const body = JSON.stringify({
  patientId: '100',
  medication: 'Albuterol',
  timestamp: 'Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)',
});

const message = (child: ChildProcess) =>
  new Promise<{ port: number; cpuUs: number }>((resolve, reject) => {
    child.once('message', (received) => resolve(received as { port: number; cpuUs: number }));
    child.once('exit', (code) => reject(new Error(`the server exited with ${code}`)));
  });

async function cpuUsOf(child: ChildProcess): Promise<number> {
  child.send('cpu');
  return (await message(child)).cpuUs;
}

/** CPU microseconds a request, and requests a second. */
async function measure(child: ChildProcess, port: number, seconds: number) {
  const before = await cpuUsOf(child);
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/api/usages`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    connections: Number(values.connections),
    duration: seconds,
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} answers were not 2xx, ${result.errors} requests failed`);
  return {
    cpuUs: ((await cpuUsOf(child)) - before) / result.requests.total,
    rate: result.requests.total / seconds,
  };
}

const servers = new Map<Kind, { child: ChildProcess; port: number; cpuUs: number[] }>();
for (const kind of kinds) {
  const child = fork(fileURLToPath(new URL('front-cpu-server.ts', import.meta.url)), [kind]);
  servers.set(kind, { child, port: (await message(child)).port, cpuUs: [] });
}
for (const { child, port } of servers.values()) await measure(child, port, 1);
for (let round = 0; round < Number(values.rounds); round++)
  for (const [kind, { child, port, cpuUs }] of servers) {
    const measured = await measure(child, port, Number(values.seconds));
    cpuUs.push(measured.cpuUs);
    console.log(`${kind.padEnd(6)} ${measured.cpuUs.toFixed(1)} us a request, ${measured.rate.toFixed(0)}/s`);
  }
const median = (kind: Kind) =>
  servers.get(kind)!.cpuUs.sort((a, b) => a - b)[Math.floor(Number(values.rounds) / 2)]!;
console.log(`ratio of the medians: ${(median('front') / median('bare')).toFixed(2)}`);
for (const { child } of servers.values()) child.send('stop');
