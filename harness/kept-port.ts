/** A port that stays a server's own while it is away. */

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { probePort } from '../src/system/port-probe.ts';

/**
 * Below those that systems give to whoever asks for any (from 32768 on): outgoing connections and the servers of other
 * tests take one of these at any time, also one whose server is just away.
 */
const [first, end] = [20_000, 32_000] as const;

/**
 * Nobody listens on it now, and who asks for any port never gets it. Whoever asks here claims it first, by the UDP
 * port of the same number: the kernel gives that to one process, and takes it back when the process ends, however.
 * @param count as many in a row
 * @returns the first, of 127.0.0.1; this process's until it ends
 */
export async function keptPort(count = 1): Promise<number> {
  for (;;) {
    const port = randomInt(first, end - count);
    const ports = Array.from({ length: count }, (_, index) => port + index);
    const claims = await Promise.all(ports.map(claim));
    const free = await Promise.all(ports.map((each, index) => claims[index] && isFree(each)));
    if (free.every(Boolean)) return port;
    for (const give of claims) give?.();
  }
}

/** Resolves with what gives the port back; null where it is another's. */
function claim(port: number): Promise<(() => void) | null> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.unref();
    socket.once('error', () => resolve(null));
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(() => socket.close()));
  });
}

const isFree = (port: number) =>
  probePort(port).then(
    () => true,
    () => false,
  );
