/** Ports on loopback. */

import { createServer } from 'node:net';
import { errorCode } from '../../system/errno.ts';
import { EmbeddedPostgresError } from './embedded-error.ts';

/** Binds a port of 127.0.0.1 for a moment, 0 for any. Returns its number, or null where it is taken. */
function probePort(port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (['EADDRINUSE', 'EACCES'].includes(errorCode(error) ?? '')) resolve(null);
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : null;
      server.close(() => resolve(bound));
    });
  });
}

/**
 * The port to try next.
 * @param fixed USAGE_POSTGRES_PORT, 0 where any will do
 * @param last the one used last, 0 where there is none
 * @throws EmbeddedPostgresError ('port_taken')
 */
export async function choosePort(fixed: number, last: number): Promise<number> {
  if (fixed !== 0) {
    if ((await probePort(fixed)) === null) throw portTaken(fixed);
    return fixed;
  }
  if (last !== 0 && (await probePort(last)) !== null) return last;
  const free = await probePort(0);
  if (free === null) throw new EmbeddedPostgresError('port_taken', 'no port of 127.0.0.1 is free');
  return free;
}

export function portTaken(port: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'port_taken',
    `port ${port} of 127.0.0.1 is taken: end the program that has it, or set USAGE_POSTGRES_PORT to another one (0 picks a free one)`,
  );
}
