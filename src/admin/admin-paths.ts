/** What the admin port answers beyond its own paths: pages, their files, streams. Each part brings its own. */

import type { IncomingMessage, ServerResponse } from 'node:http';

export interface AdminPath {
  /** The methods it takes, as the Allow header names them; any other is 405. */
  readonly allow: 'GET, HEAD' | 'POST';
  /** Answers a request of such a method. A body is not read, and not waited for. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void> | void;
}

/** By their exact path, without a query. */
export type AdminPaths = Readonly<Record<string, AdminPath>>;

/** An error as RFC 9457 tells it; `detail` says what to do. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

export function answerProblem(response: ServerResponse, { status, code, detail }: Problem): void {
  answerText(response, status, 'application/problem+json', `${JSON.stringify({ status, code, detail })}\n`);
}

/** One whole answer that nobody may keep. Of one to a HEAD request Node sends the headers alone. */
export function answerText(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}
