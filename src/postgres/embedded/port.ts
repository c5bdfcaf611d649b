/** Ports on loopback. */

import { createServer } from 'node:net';
import { systemErrorCode } from './embedded-error.ts';

/** Binds a port of 127.0.0.1 for a moment, 0 for any. Returns its number, or null where it is taken. */
export function probePort(port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (['EADDRINUSE', 'EACCES'].includes(systemErrorCode(error) ?? '')) resolve(null);
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : null;
      server.close(() => resolve(bound));
    });
  });
}
