/**
 * Files of a page, served from a fixed table: what is not in it is not there, so no path of a request ever
 * becomes a path of the disk. A file is read when it is asked for; browsers ask again each time and get 304 while
 * it has not changed.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { type AdminPath, type AdminPaths, answerProblem } from './admin-paths.ts';

const typeOf: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/** No guessing of types, no referrer, not for other sites. */
const headersOfAll = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

const missing = {
  status: 500,
  code: 'file_missing',
  detail: 'A file of this page cannot be read: the installation is not whole. Run "npm ci" again.',
};

/**
 * A Content-Security-Policy for a page that takes everything from its own server: no inline script or style, no
 * frame around it. `more` adds or replaces directives: `{ 'img-src': "'self' data:" }`.
 */
export function contentSecurityPolicy(more: Readonly<Record<string, string>> = {}): string {
  const directives = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self'",
    'connect-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    ...more,
  };
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}

/**
 * Answers GET and HEAD of each path of `table` with its file, `policy` as its Content-Security-Policy.
 * @throws RangeError for a file of a type that is not known here
 */
export function serveFiles(table: Readonly<Record<string, URL>>, policy: string): AdminPaths {
  const paths = Object.entries(table).map(([path, file]) => [path, servedFile(file, policy)] as const);
  return Object.fromEntries(paths);
}

function servedFile(file: URL, policy: string): AdminPath {
  const type = typeOf[extname(file.pathname)];
  if (type === undefined) throw new RangeError(`no media type is known for ${file.pathname}`);
  return {
    allow: 'GET, HEAD',
    async answer(request, response) {
      const content = await readFile(file).catch(() => null);
      if (content === null) return answerProblem(response, missing);
      const etag = `"${createHash('sha256').update(content).digest('base64url')}"`;
      const headers = {
        ...headersOfAll,
        'content-security-policy': policy,
        'cache-control': 'no-cache',
        etag,
      };
      if (request.headers['if-none-match'] === etag) return answerUnchanged(response, headers);
      response.writeHead(200, { ...headers, 'content-type': type, 'content-length': content.length });
      response.end(request.method === 'HEAD' ? undefined : content);
    },
  };
}

function answerUnchanged(response: ServerResponse, headers: Record<string, string>): void {
  response.writeHead(304, headers);
  response.end();
}
