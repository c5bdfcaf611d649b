/** The bodies of all answers. Problems are RFC 9457, one `type` a code; nothing of a request's body is ever in one. */

import type { Answer } from './exchange.ts';
import { type HttpProblemCode, httpProblems } from './http-problems.ts';
import type { RequestUsages } from './request-outcome.ts';

const json = 'application/json';
const problemJson = 'application/problem+json';

const phrases: Record<number, string> = {
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  408: '408 Request Timeout',
  411: '411 Length Required',
  413: '413 Content Too Large',
  415: '415 Unsupported Media Type',
  422: '422 Unprocessable Content',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
};

interface Prepared {
  readonly status: string;
  /** The JSON text without its closing brace. */
  readonly open: string;
  readonly body: Buffer;
}

const prepared = new Map<HttpProblemCode, Prepared>();
for (const code of Object.keys(httpProblems) as HttpProblemCode[]) {
  const { status, title, detail } = httpProblems[code];
  const text = JSON.stringify({ type: `urn:usage-ingest:problem:${code}`, title, status, detail, code });
  prepared.set(code, { status: phrases[status]!, open: text.slice(0, -1), body: Buffer.from(text) });
}

const retryAfterSecondsMax = 5;

/** Spread over 1 to 5, so that a fleet does not return at once. */
function retryAfter(): readonly [string, string] {
  return ['Retry-After', String(1 + Math.floor(Math.random() * retryAfterSecondsMax))];
}

/** The whole request's problem; `member` is further JSON text, such as `"errors":[...]`. */
export function problemAnswer(code: HttpProblemCode, member: string | null = null): Answer {
  const { status, open, body } = prepared.get(code)!;
  return {
    status,
    contentType: problemJson,
    body: member === null ? body : Buffer.from(`${open},${member}}`),
    ...headersOf(httpProblems[code].status),
  };
}

/** Those that every problem of a status carries. */
function headersOf(status: number): Pick<Answer, 'headers'> {
  if (status === 503) return { headers: [retryAfter()] };
  return status === 401 ? { headers: [['WWW-Authenticate', 'Bearer']] } : {};
}

export function methodNotAllowedAnswer(allow: string): Answer {
  return { ...problemAnswer('method_not_allowed'), headers: [['Allow', allow]] };
}

/** To a listed origin's question what its page may send. */
export const preflightAnswer: Answer = {
  status: '204 No Content',
  contentType: '',
  body: '',
  headers: [
    ['Access-Control-Allow-Methods', 'POST'],
    [
      'Access-Control-Allow-Headers',
      'Content-Type, Content-Encoding, Idempotency-Key, Authorization, X-API-Key',
    ],
    ['Access-Control-Max-Age', '7200'],
  ],
};

/** What the HTTP server sends at once of an answer given inside its handler: more than it corks (16 KiB). */
const unheldBytes = 17 * 1024;

/**
 * The same problem, long enough (spaces after the JSON) for the HTTP server to send it at once and close before it
 * reads on: what follows on the connection is not known to be a request.
 */
export function unheldProblemAnswer(code: HttpProblemCode): Answer {
  const { status, body } = prepared.get(code)!;
  return { status, contentType: problemJson, body: Buffer.concat([body, Buffer.alloc(unheldBytes, 0x20)]) };
}

/** All that was valid is durable. */
export function storedAnswer(usages: RequestUsages): Answer {
  if (usages.single) return { status: '201 Created', contentType: json, body: usages.results };
  const accepted = usages.rows.length;
  const { rejected } = usages;
  return {
    status: rejected === 0 ? '201 Created' : accepted === 0 ? phrases[422]! : '207 Multi-Status',
    contentType: json,
    body: Buffer.from(`{"accepted":${accepted},"rejected":${rejected},${resultsMember(usages)}}`),
  };
}

/** The ids given out, for the retry. */
export function resultsMember(usages: RequestUsages): string {
  return `"results":[${usages.results}]`;
}

export const healthyAnswer: Answer = { status: '200 OK', contentType: json, body: '{"healthy":true}' };

export function apiDocumentAnswer(body: Buffer): Answer {
  return { status: '200 OK', contentType: json, body };
}

export function readinessAnswer({ ready, reason }: { ready: boolean; reason: string }): Answer {
  return ready
    ? { status: '200 OK', contentType: json, body: '{"ready":true}' }
    : {
        status: phrases[503]!,
        contentType: json,
        body: Buffer.from(JSON.stringify({ ready, reason })),
        headers: [retryAfter()],
      };
}
