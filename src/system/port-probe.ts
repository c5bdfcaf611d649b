/** Ports that nobody listens on, found by listening there for a moment. */

import { type AddressInfo, createServer } from 'node:net';

/**
 * Proves that a port can be listened on alone: whoever listens already, by SO_REUSEPORT too, is in its way.
 * @param port 0: any that is free
 * @returns the port
 * @throws the system's error: EADDRINUSE where it is taken
 */
export function probePort(port: number, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const { port: found } = server.address() as AddressInfo;
      server.close(() => resolve(found));
    });
  });
}
