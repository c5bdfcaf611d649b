/** Ports on loopback. */

import { errorCode } from '../../system/errno.ts';
import { probePort } from '../../system/port-probe.ts';
import { EmbeddedPostgresError } from './embedded-error.ts';

/** The port, any for 0; null where it is taken, or not for this user. */
async function portIfFree(port: number): Promise<number | null> {
  try {
    return await probePort(port);
  } catch (error) {
    if (['EADDRINUSE', 'EACCES'].includes(errorCode(error) ?? '')) return null;
    throw error;
  }
}

/**
 * The port to try next.
 * @param fixed USAGE_POSTGRES_PORT, 0 where any will do
 * @param last the one used last, 0 where there is none
 * @throws EmbeddedPostgresError ('port_taken')
 */
export async function choosePort(fixed: number, last: number): Promise<number> {
  if (fixed !== 0) {
    if ((await portIfFree(fixed)) === null) throw portTaken(fixed);
    return fixed;
  }
  if (last !== 0 && (await portIfFree(last)) !== null) return last;
  const free = await portIfFree(0);
  if (free === null) throw new EmbeddedPostgresError('port_taken', 'no port of 127.0.0.1 is free');
  return free;
}

export function portTaken(port: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'port_taken',
    `port ${port} of 127.0.0.1 is taken: end the program that has it, or set USAGE_POSTGRES_PORT to another one (0 picks a free one)`,
  );
}
