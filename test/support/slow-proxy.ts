/**
 * A TCP proxy on loopback that delays what the server answers, and passes what clients send at once: a server that
 * takes everything and tells late. Or it closes a connection at what a client asks there.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** How answers travel: `latencyMs` later each, and at most one byte every `byteEveryMs`. 0: at once. */
export interface Slowness {
  readonly latencyMs: number;
  readonly byteEveryMs: number;
}

export interface SlowProxy {
  readonly port: number;
  /** The port on loopback that new connections go on to. */
  passTo(port: number): void;
  /** From now on; what is held back already goes on in its own time. Null: at once, with all that is held back. */
  slow(slowness: Slowness | null): void;
  /** Closes the connection on which a client next sends such bytes, once. Resolves when that has happened. */
  cutAt(sent: (chunk: Buffer) => boolean): Promise<void>;
  close(): Promise<void>;
}

export async function startSlowProxy(): Promise<SlowProxy> {
  let target = 0;
  let slowness: Slowness = { latencyMs: 0, byteEveryMs: 0 };
  /** Looks at what clients send, and cuts where it is due. */
  let cutAt: (chunk: Buffer, client: Socket) => void = () => {};
  const sockets = new Set<Socket>();
  const releases = new Set<() => void>();

  /** Resolves after a while, or when the delays end. */
  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const release = () => {
        clearTimeout(timer);
        releases.delete(release);
        resolve();
      };
      const timer = setTimeout(release, ms);
      releases.add(release);
    });
  }

  function passAnswers(from: Socket, to: Socket): void {
    /** In the order of arrival; latencies of several chunks run at the same time. */
    let turn: Promise<void> = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      const due = slowness.latencyMs > 0 ? pause(slowness.latencyMs) : null;
      turn = turn.then(async () => {
        await due;
        for (let at = 0; at < chunk.length && !to.destroyed; ) {
          const bytes = slowness.byteEveryMs > 0 ? 1 : chunk.length - at;
          to.write(chunk.subarray(at, at + bytes));
          at += bytes;
          if (slowness.byteEveryMs > 0) await pause(slowness.byteEveryMs);
        }
      });
    });
  }

  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: target });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {}); // followed by 'close'
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => cutAt(chunk, client));
    client.pipe(upstream);
    passAnswers(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    passTo(port) {
      target = port;
    },
    slow(next) {
      slowness = next ?? { latencyMs: 0, byteEveryMs: 0 };
      if (next === null) for (const release of [...releases]) release();
    },
    cutAt: (sent) =>
      new Promise((resolve) => {
        cutAt = (chunk, client) => {
          if (!sent(chunk)) return;
          cutAt = () => {};
          client.destroy();
          resolve();
        };
      }),
    async close() {
      slowness = { latencyMs: 0, byteEveryMs: 0 };
      for (const release of [...releases]) release();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
