/** The requests that a load generator sends, as bytes made before it starts: what it costs to vary them is paid once. */

import { gzipSync } from 'node:zlib';
import { bodyOf } from '../usages.ts';

export type PayloadForm =
  | 'single' // a usage a request
  | 'array' // 100 in a JSON array
  | 'ndjson'; // 1,000 lines, gzipped

interface Form {
  readonly usagesPerRequest: number;
  /** Different requests, sent in turn. */
  readonly requests: number;
  readonly headers: readonly string[];
  body(first: number): Buffer;
}

const usages = (first: number, count: number) => Array.from({ length: count }, (_, at) => bodyOf(first + at));

const forms: Readonly<Record<PayloadForm, Form>> = {
  single: {
    usagesPerRequest: 1,
    requests: 50_000,
    headers: ['Content-Type: application/json'],
    body: (first) => Buffer.from(bodyOf(first)),
  },
  array: {
    usagesPerRequest: 100,
    requests: 500,
    headers: ['Content-Type: application/json'],
    body: (first) => Buffer.from(`[${usages(first, 100).join(',')}]`),
  },
  ndjson: {
    usagesPerRequest: 1_000,
    requests: 50,
    headers: ['Content-Type: application/x-ndjson', 'Content-Encoding: gzip'],
    body: (first) => gzipSync(usages(first, 1_000).join('\n')),
  },
};

export const usagesPerRequest = (form: PayloadForm): number => forms[form].usagesPerRequest;

/** Whole HTTP/1.1 requests. @param closes each asks for its connection to be closed */
export function makeRequests(form: PayloadForm, url: URL, closes: boolean): Buffer[] {
  const { requests, headers, body, usagesPerRequest: count } = forms[form];
  const head = [`POST ${url.pathname} HTTP/1.1`, `Host: ${url.host}`, ...headers];
  if (closes) head.push('Connection: close');
  return Array.from({ length: requests }, (_, index) => {
    const bytes = body(index * count);
    return Buffer.concat([
      Buffer.from(`${head.join('\r\n')}\r\nContent-Length: ${bytes.length}\r\n\r\n`),
      bytes,
    ]);
  });
}
