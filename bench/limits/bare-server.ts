/** The least a server can do that takes the same requests: read the body, answer 201. The yardstick of the goals. */

import type { HttpResponse } from 'uWebSockets.js';
import { loadUws } from '../../src/front/uws.ts';

const answer = '{"id":"0192f0c1-2222-7333-8444-555566667777"}';

/** @returns the port it listens on; 0 asks for a free one */
export function startBareServer(wantedPort: number): Promise<number> {
  return listen(wantedPort, (res) => {
    res.onAborted(() => {});
    res.onData((_chunk, isLast) => {
      if (isLast) answerCreated(res);
    });
  });
}

/** Corked by whoever answers outside of a call of uWebSockets.js. */
export function answerCreated(res: HttpResponse): void {
  res.writeStatus('201 Created').writeHeader('Content-Type', 'application/json').end(answer);
}

/** A server of this one route. @returns the port it listens on */
export async function listen(wantedPort: number, onPost: (res: HttpResponse) => void): Promise<number> {
  const { uws } = await loadUws();
  const app = uws.App();
  app.post('/api/usages', onPost);
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', wantedPort, (socket) => {
      if (socket) resolve(uws.us_socket_local_port(socket));
      else reject(new Error(`cannot listen on port ${wantedPort}`));
    });
  });
}
