/**
 * The operator's port: /metrics, /healthz, /readyz, the API reference, and what it is given beyond them. It answers
 * from what was pushed to it, so a scrape never waits for a front. Every input is bounded: no bodies, few
 * connections, short time-outs.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Once, once } from '../system/once.ts';
import { type AdminPath, type AdminPaths, answerProblem, answerText } from './admin-paths.ts';
import { apiReference } from './api-reference.ts';

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

const connectionsMax = 100;
const requestTimeoutMs = 5_000;
const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';
const jsonContentType = 'application/json; charset=utf-8';

export function createAdminServer(options: AdminServerOptions): AdminServer {
  const paths = pathsOf([ownPaths(options), apiReference, ...(options.parts ?? [])]);
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      void answer(request, response, paths);
    },
  );
  server.maxConnections = connectionsMax;
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
  paths: ReadonlyMap<string, AdminPath>,
): Promise<void> {
  const path = paths.get((request.url ?? '/').split('?', 1)[0]!);
  // A body that nobody reads must not keep the connection in an unknown state.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
    response.setHeader('connection', 'close');
  }
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
