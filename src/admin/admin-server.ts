/**
 * The operator's port: /metrics, /healthz, /readyz, the API reference, and what it is given beyond them. It answers
 * from what was pushed to it, so a scrape never waits for a front. Every input is bounded: no bodies, few
 * connections (seats.ts), short time-outs. No page of another site is answered.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pageOrigin } from '../http/browser-origin.ts';
import { isLoopback, namesThisMachine } from '../http/loopback.ts';
import { type Once, once } from '../system/once.ts';
import { type AdminPath, type AdminPaths, answerProblem, answerText, type Problem } from './admin-paths.ts';
import { apiReference } from './api-reference.ts';
import { createSeats } from './seats.ts';

export interface AdminServerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** The Prometheus text of now. */
  metricsText(): Promise<string> | string;
  readiness(): { ready: boolean; reason: string };
  /** What is answered beyond its own paths; a path belongs to one part. */
  readonly parts?: readonly AdminPaths[];
}

export interface AdminServer {
  /** Resolves with the port it listens on. @throws the system's error, EADDRINUSE for a taken port */
  start(): Promise<number>;
  stop(): Promise<void>;
}

/** For the head of a request, also of the first one of a connection that says nothing. */
const requestTimeoutMs = 5_000;
const checkEveryMs = 1_000;
/** Nothing read or written for so long: a client that takes no answer keeps no seat. An event stream speaks each second. */
const idleTimeoutMs = 15_000;
const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';
const jsonContentType = 'application/json; charset=utf-8';

export function createAdminServer(options: AdminServerOptions): AdminServer {
  const paths = pathsOf([ownPaths(options), apiReference, ...(options.parts ?? [])]);
  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: checkEveryMs,
    },
    (request, response) => {
      const path = (request.url ?? '/').split('?', 1)[0]!;
      const refusal = seats.mayAsk(request, path) ? refusalOf(request, onLoopback) : noSeat;
      void answer(request, response, path, refusal, paths);
    },
  );
  server.timeout = idleTimeoutMs;
  const onLoopback = isLoopback(options.host);
  const seats = createSeats(server);
  const start = once(() => listen(server, options));
  return { start, stop: once(() => close(server, start)) };
}

function listen(server: Server, { host, port }: AdminServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function close(server: Server, start: Once<[], number>): Promise<void> {
  await start.settled();
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  refusal: Problem | null,
  paths: ReadonlyMap<string, AdminPath>,
): Promise<void> {
  // A body that nobody reads must not keep the connection in an unknown state.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
    response.setHeader('connection', 'close');
  }
  if (refusal) {
    response.setHeader('connection', 'close');
    return answerProblem(response, refusal);
  }
  const path = paths.get(name);
  if (!path) {
    const detail = `This port has ${[...paths.keys()].filter(isForPeople).join(', ')}.`;
    return answerProblem(response, { status: 404, code: 'not_found', detail });
  }
  if (!path.allow.split(', ').includes(request.method ?? '')) {
    response.setHeader('allow', path.allow);
    const detail = 'The Allow header names the methods of this path.';
    return answerProblem(response, { status: 405, code: 'method_not_allowed', detail });
  }
  try {
    await path.answer(request, response);
  } catch {
    // What was begun cannot be made right any more; the client sees that it broke off.
    if (response.headersSent) return void response.destroy();
    const detail = 'The server made a mistake; please report it with the path you asked for.';
    answerProblem(response, { status: 500, code: 'answer_failed', detail });
  }
}

const noSeat: Problem = {
  status: 503,
  code: 'too_many_connections',
  detail: 'All connections of this port are at work; /healthz, /readyz and /metrics are still answered.',
};

/**
 * Whose page asks is looked at whichever address the port listens on; on loopback also whether it is asked for by this
 * machine's name, since a foreign name that was pointed here (DNS rebinding) reads answers as its own, and a browser
 * that asks by one shows neither Origin nor Sec-Fetch-Site.
 */
function refusalOf({ method, headers }: IncomingMessage, onLoopback: boolean): Problem | null {
  const { host = '', origin = '' } = headers;
  if (onLoopback && !namesThisMachine(host)) return foreignName;
  // A link that a person follows shows the page to that person, and to no other page.
  const isFollowed = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (isFollowed && method === 'GET') return null;
  const secFetchSite = String(headers['sec-fetch-site'] ?? '');
  return pageOrigin({ host, origin, secFetchSite }, noOrigins, onLoopback) === 'own' ? null : foreignPage;
}

const noOrigins: ReadonlySet<string> = new Set();
const foreignName: Problem = {
  status: 421,
  code: 'misdirected',
  detail:
    'This port listens for its own machine: ask for it as localhost, or by an address (a proxy sets the Host header).',
};
const foreignPage: Problem = {
  status: 403,
  code: 'origin_not_allowed',
  detail: 'The request comes from a web page of another site.',
};

/** Not the files of a page. */
const isForPeople = (path: string) => !/\.\w+$/.test(path);

/** @throws RangeError where two parts have the same path */
function pathsOf(parts: readonly AdminPaths[]): ReadonlyMap<string, AdminPath> {
  const paths = new Map<string, AdminPath>();
  for (const [path, answered] of parts.flatMap((part) => Object.entries(part))) {
    if (paths.has(path)) throw new RangeError(`two parts answer ${path}`);
    paths.set(path, answered);
  }
  return paths;
}

function ownPaths(options: AdminServerOptions): AdminPaths {
  return {
    '/metrics': {
      allow: 'GET, HEAD',
      async answer(_, response) {
        const text = await textOrNull(options);
        if (text !== null) return answerText(response, 200, metricsContentType, text);
        const detail = 'The metrics could not be collected; the log tells when that began.';
        answerProblem(response, { status: 500, code: 'metrics_failed', detail });
      },
    },
    '/healthz': {
      allow: 'GET, HEAD',
      answer: (_, response) => answerText(response, 200, jsonContentType, '{"healthy":true}\n'),
    },
    '/readyz': {
      allow: 'GET, HEAD',
      answer(_, response) {
        const { ready, reason } = options.readiness();
        answerText(response, ready ? 200 : 503, jsonContentType, `${JSON.stringify({ ready, reason })}\n`);
      },
    },
  };
}

async function textOrNull(options: AdminServerOptions): Promise<string | null> {
  try {
    return await options.metricsText();
  } catch {
    return null;
  }
}
