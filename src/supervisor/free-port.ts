/**
 * Proves that nobody listens on a port. Fronts share theirs by SO_REUSEPORT, by which a second program of the
 * same user would take half of our requests without any error; a listener without that option is refused
 * wherever somebody listens, so one is opened and closed before the first front starts.
 */

import { performance } from 'node:perf_hooks';
import { errorCode } from '../system/errno.ts';
import { probePort } from '../system/port-probe.ts';
import { StartRefusedError } from '../system/start-refused-error.ts';
import { pause } from '../system/waiting.ts';

/** Fronts whose supervisor was killed need a moment to notice and to let go of the port. */
const waitForOrphansMs = 3_000;

/**
 * Resolves with the port: the one asked for, or a free one for 0.
 * @throws StartRefusedError where it is taken or not allowed
 */
export async function provePortFree(setting: string, host: string, port: number): Promise<number> {
  const deadline = performance.now() + waitForOrphansMs;
  for (;;) {
    try {
      return await probePort(port, host);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EADDRINUSE' && performance.now() < deadline) await pause(100);
      else throw portRefused(setting, host, port, error);
    }
  }
}

/** What to tell of a failed listen on `setting`. */
export function portRefused(setting: string, host: string, port: number, error: unknown): StartRefusedError {
  const code = errorCode(error);
  const why =
    code === 'EADDRINUSE'
      ? 'another program listens there: stop it, or set another'
      : code === 'EACCES'
        ? 'this user may not listen there: set one above 1023'
        : `listening failed (${code ?? 'error'}): check the address and`;
  return new StartRefusedError(`cannot listen on ${host} port ${port}: ${why} ${setting}`, { cause: error });
}
