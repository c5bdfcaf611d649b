/**
 * The one file that touches uWebSockets.js. npm carries it as `uws-pack` (binaries of about v20.49), whose types
 * lack what is declared here.
 *
 * Facts of that age of it that the front relies on (read in its source, held by test/front/http-framing.test.ts):
 * - Every handler and every `onData` runs inside the parser, corked: what is written is sent after it returns.
 * - The body is framed by the *first* Content-Length; any Transfer-Encoding is read as chunked.
 * - A request that arrives while the one before it on its connection is not answered yet closes the connection.
 *   Answers given inside the handler are pipelined, later ones cannot be.
 * - A body left unread after an answer is thrown away, and its connection closed after about 10 s.
 */

import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket } from 'uWebSockets.js';

export type { HttpRequest, HttpResponse, TemplatedApp };
export type ListenSocket = us_listen_socket;

export interface Uws {
  App(): TemplatedApp;
  us_listen_socket_close(socket: ListenSocket): void;
  us_socket_local_port(socket: ListenSocket): number;
}

/** The HTTP server's native binary does not load here. The message says what to do. */
export class UwsUnavailableError extends Error {
  override readonly name = 'UwsUnavailableError';
}

/** The key by which upstream's `_cfg` leaves out the `uWebSockets: 20` header. */
const silentKey = '999999990007';

/** @throws UwsUnavailableError */
export async function loadUws(): Promise<Uws> {
  let loaded: Uws & { _cfg(key: string): void };
  try {
    loaded = (await import('uWebSockets.js')) as unknown as typeof loaded;
  } catch (cause) {
    throw new UwsUnavailableError(
      `the HTTP server (uWebSockets.js) has no binary that loads under Node ${process.version} on ${process.platform}/${process.arch}: ` +
        'use Node 22 on Linux with glibc (Debian, not Alpine), macOS or Windows',
      { cause },
    );
  }
  loaded._cfg(silentKey);
  return loaded;
}
