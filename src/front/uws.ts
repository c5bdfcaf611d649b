/**
 * The one file that touches uWebSockets.js. Two npm packages carry its binaries: the newer is used where it loads, the
 * older elsewhere (docs/decisions/0024-two-packages-of-the-http-server.md). Their types lack what is declared here.
 *
 * Facts that the front relies on (read in its source, held by test/front/http-framing.test.ts):
 * - Every handler and every `onData` runs inside the parser, corked: what is written is sent after it returns.
 * - The body is framed by the *first* Content-Length; any Transfer-Encoding is read as chunked.
 * - A request that arrives while the one before it on its connection is not answered yet closes the connection.
 *   Answers given inside the handler are pipelined, later ones cannot be.
 * - A body left unread after an answer is thrown away, and its connection closed after about 10 s.
 * - The older alone: a request line that comes in pieces is answered 505, unless a piece ends where a word does.
 */

import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import { createRequire } from 'node:module';

export type { HttpRequest, HttpResponse, TemplatedApp };
export type ListenSocket = us_listen_socket;

export interface Uws {
  App(): TemplatedApp;
  us_listen_socket_close(socket: ListenSocket): void;
  us_socket_local_port(socket: ListenSocket): number;
}

type Binding = Uws & { _cfg(key: string): void };

export interface LoadedUws {
  readonly uws: Uws;
  /** The npm package that was loaded. */
  readonly package: string;
  /** The release of uWebSockets.js that it carries. */
  readonly release: '20.49' | '20.57';
  /** Why a newer one was not; absent where the newest is. */
  readonly insteadOf?: string;
}

/** No package has a native binary that loads here. The message says what to do. */
export class UwsUnavailableError extends Error {
  override readonly name = 'UwsUnavailableError';
}

interface Carrier extends Pick<LoadedUws, 'package' | 'release'> {
  load(): Promise<Binding> | Binding;
}

/** The newest first. By `require`, because the newer's ESM wrapper leaves out `_cfg`; the older has no other way in. */
const carriers: readonly Carrier[] = [
  {
    package: '@btc-vision/uwebsockets.js',
    release: '20.57',
    load: () => createRequire(import.meta.url)('@btc-vision/uwebsockets.js'),
  },
  {
    package: 'uws-pack',
    release: '20.49',
    load: async () => (await import('uWebSockets.js')) as unknown as Binding,
  },
];

/** The key by which upstream's `_cfg` leaves out the `uWebSockets: 20` header. */
const silentKey = '999999990007';

/** @throws UwsUnavailableError */
export async function loadUws(): Promise<LoadedUws> {
  const causes: unknown[] = [];
  for (const { package: name, release, load } of carriers) {
    try {
      const uws = await load();
      uws._cfg(silentKey);
      return { uws, package: name, release, ...(causes.length > 0 && { insteadOf: shortly(causes[0]) }) };
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new UwsUnavailableError(
    `the HTTP server (uWebSockets.js) has no binary that loads under Node ${process.version} on ${process.platform}/${process.arch}: ` +
      'use Node 22 on Linux with glibc (Debian, not Alpine) or macOS; run "npm ci" if its packages are missing',
    { cause: new AggregateError(causes) },
  );
}

/** The dynamic linker's own words, without the packages' advice around them. */
function shortly(cause: unknown): string {
  const lines = String(cause instanceof Error ? cause.message : cause).split('\n');
  const telling = lines.find((line) => /GLIBC_|\.node\b|Cannot find/.test(line)) ?? lines[0] ?? '';
  return telling.replace(/^(Error: )+/, '');
}
