/**
 * The operator's port: /metrics, /healthz, /readyz. It answers from what was pushed to it, so a scrape never
 * waits for a front. Every input is bounded: no bodies, few connections, short time-outs.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AdminServerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** The Prometheus text of now. */
  metricsText(): Promise<string> | string;
  readiness(): { ready: boolean; reason: string };
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

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export function createAdminServer(options: AdminServerOptions): AdminServer {
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      void answer(request, response, options);
    },
  );
  server.maxConnections = connectionsMax;
  let started: Promise<number> | null = null;
  let stopped: Promise<void> | null = null;
  return {
    start() {
      started ??= listen(server, options);
      return started;
    },
    stop() {
      stopped ??= close(server, started);
      return stopped;
    },
  };
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

async function close(server: Server, started: Promise<number> | null): Promise<void> {
  if (started === null) return;
  const listening = await started.then(
    () => true,
    () => false,
  );
  if (!listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: AdminServerOptions,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0];
  const known = path === '/metrics' || path === '/healthz' || path === '/readyz';
  let reply: Reply;
  if (!known) {
    reply = problem(404, 'not_found', 'This port has /metrics, /healthz and /readyz.');
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    reply = problem(405, 'method_not_allowed', 'The Allow header names the methods of this path.');
  } else {
    reply = await replyTo(path, options);
  }
  // A body that nobody reads must not keep the connection in an unknown state.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
    response.setHeader('connection', 'close');
  }
  response.writeHead(reply.status, {
    'content-type': reply.type,
    'content-length': Buffer.byteLength(reply.text),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : reply.text);
}

async function replyTo(
  path: '/metrics' | '/healthz' | '/readyz',
  options: AdminServerOptions,
): Promise<Reply> {
  if (path === '/healthz') return { status: 200, type: jsonContentType, text: '{"healthy":true}\n' };
  if (path === '/readyz') {
    const { ready, reason } = options.readiness();
    const status = ready ? 200 : 503;
    return { status, type: jsonContentType, text: `${JSON.stringify({ ready, reason })}\n` };
  }
  try {
    return { status: 200, type: metricsContentType, text: await options.metricsText() };
  } catch {
    return problem(
      500,
      'metrics_failed',
      'The metrics could not be collected; the log tells when that began.',
    );
  }
}

function problem(status: number, code: string, detail: string): Reply {
  return { status, type: 'application/problem+json', text: `${JSON.stringify({ status, code, detail })}\n` };
}
