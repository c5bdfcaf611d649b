/** A port that stays a server's own while it is away. */

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below those that systems give to whoever asks for any (from 32768 on): outgoing connections and the servers of other
 * tests take one of these at any time, also one whose server is just away.
 */
const [first, end] = [20_000, 32_000] as const;

/** @returns a port of 127.0.0.1 that nobody listens on now, and that only who wants just this one takes */
export async function keptPort(): Promise<number> {
  for (;;) {
    const port = randomInt(first, end);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
