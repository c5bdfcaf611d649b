/**
 * What lies between a device and the server on a bad day: it passes requests on to a real server, and now and
 * then keeps the answer for itself or gives one of its own.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `cut`: the server gets the request, the client never its answer. Else what the client is told instead. */
export type Whim = 'pass' | 'cut' | 'login page' | { status: number; retryAfterSeconds?: number };

export interface WaywardProxy {
  readonly url: string;
  /** What was asked so far: when (monotonic milliseconds), the ids in it, and what became of it. */
  readonly requests: readonly { atMs: number; ids: string[]; whim: Whim }[];
  close(): Promise<void>;
}

/** The first requests meet `whims` in order, all others pass. */
export async function startWaywardProxy(target: string, whims: readonly Whim[]): Promise<WaywardProxy> {
  const requests: { atMs: number; ids: string[]; whim: Whim }[] = [];
  const server = createServer(async (request, response) => {
    const atMs = performance.now();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const whim = whims[requests.length] ?? 'pass';
    const usages = [JSON.parse(body.toString())].flat() as { id: string }[];
    requests.push({ atMs, ids: usages.map(({ id }) => id), whim });
    if (whim === 'login page') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome to our hotel</h1>');
      return;
    }
    if (typeof whim === 'object') {
      const { status, retryAfterSeconds } = whim;
      const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': `${retryAfterSeconds}` };
      response.writeHead(status, headers).end();
      return;
    }
    const answer = await fetch(`${target}${request.url}`, {
      method: 'POST',
      headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
      body,
    });
    const text = await answer.text();
    if (whim === 'cut') {
      request.socket.destroy();
      return;
    }
    const kept = ['content-type', 'retry-after'].flatMap((name) => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    response.writeHead(answer.status, Object.fromEntries(kept)).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
