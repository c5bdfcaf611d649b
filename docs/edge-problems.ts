/** What an edge answers where no front does, in the words of src/front/http-problems.ts: files of deploy/, written by "npm run docs". */

import { problemAnswer } from '../src/front/answers.ts';
import type { HttpProblemCode } from '../src/front/http-problems.ts';

const bodyOf = (code: HttpProblemCode) => problemAnswer(code).body.toString();

/** A head over a limit: the fronts' HTTP server refuses it as well, with a text that cannot be changed. */
const headTooLarge = JSON.stringify({
  type: 'urn:usage-ingest:problem:head_too_large',
  title: 'Request head too large',
  status: 431,
  detail:
    'The request line or a header is over 4 KiB, or there are too many headers. Send fewer and shorter ones.',
  code: 'head_too_large',
});

/** What nginx finds itself (494 and 497 are its own numbers), and what it says of it. */
const nginxAnswers: readonly { of: string; name: string; status: number; body: string; retry?: boolean }[] = [
  { of: '400 501', name: 'malformed_request', status: 400, body: bodyOf('malformed_request') },
  { of: '405', name: 'method_not_allowed', status: 405, body: bodyOf('method_not_allowed') },
  { of: '408', name: 'body_timeout', status: 408, body: bodyOf('body_timeout') },
  { of: '413', name: 'body_too_large', status: 413, body: bodyOf('body_too_large') },
  { of: '414 494', name: 'head_too_large', status: 431, body: headTooLarge },
  // The request may have been stored: as a front says it.
  { of: '502 504', name: 'durability_unknown', status: 503, body: bodyOf('durability_unknown'), retry: true },
];

const note =
  'Written by docs/edge-problems.ts; change that, or src/front/http-problems.ts, then run "npm run docs".';

/** Every file by its path from docs/. */
export function edgeProblemFiles(): Record<string, string> {
  return {
    '../deploy/nginx/usage-ingest/problems.conf': nginxProblems(),
    '../deploy/haproxy/body-too-large.problem': bodyOf('body_too_large'),
    '../deploy/haproxy/durability-unknown.http': haproxyAnswer(bodyOf('durability_unknown')),
  };
}

function nginxProblems(): string {
  const rules = nginxAnswers.map(({ of, name, status, body, retry }) =>
    [
      `error_page ${of} =${status} /problems/${name};`,
      `location = /problems/${name} {`,
      '  internal;',
      '  default_type application/problem+json;',
      ...(retry ? ['  add_header Retry-After $usage_retry_after always;'] : []),
      ...(name === 'method_not_allowed' ? ['  add_header Allow POST always;'] : []),
      `  return ${status} '${body.replaceAll("'", "\\'")}';`,
      '}',
    ].join('\n'),
  );
  return `${[`# ${note}`, ...rules].join('\n\n')}\n`;
}

/** HAProxy's error files are whole answers; their Retry-After is the middle of what a front draws. */
function haproxyAnswer(body: string): string {
  const head = [
    'HTTP/1.1 503 Service Unavailable',
    'Content-Type: application/problem+json',
    'Cache-Control: no-cache',
    'Retry-After: 3',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
