/** A port that stays a server's own while it is away. */

import { randomInt } from 'node:crypto';
import { EmbeddedPostgresError } from '../../src/postgres/embedded/embedded-error.ts';
import { choosePort } from '../../src/postgres/embedded/port.ts';

/**
 * Below those that systems give to whoever asks for any (from 32768 on): outgoing connections and the servers of other
 * tests take one of these at any time, also one whose server is just away.
 */
const [first, end] = [20_000, 32_000] as const;

/** @returns a port of 127.0.0.1 that nobody listens on now, and that only who wants just this one takes */
export async function keptPort(): Promise<number> {
  for (;;) {
    try {
      return await choosePort(randomInt(first, end), 0);
    } catch (error) {
      if (!(error instanceof EmbeddedPostgresError && error.reason === 'port_taken')) throw error;
    }
  }
}
