/**
 * What a client can be told of a whole request: RFC 9457 problems. Those of a single field or item are
 * `usageProblems`. `docs/errors.md` is generated from both. No text here ever holds a value from a body: bodies are
 * health data.
 */

/** A problem of a whole request. `detail` says what to do. */
export interface HttpProblem {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 411 | 413 | 415 | 422 | 429 | 500 | 503;
  readonly title: string;
  readonly detail: string;
}

export const httpProblems = {
  malformed_json: {
    status: 400,
    title: 'Malformed JSON',
    detail: 'The body is not valid JSON. Send one usage as a JSON object, an array of usages, or NDJSON.',
  },
  malformed_utf8: {
    status: 400,
    title: 'Malformed UTF-8',
    detail: 'The body is not valid UTF-8. Encode it as UTF-8.',
  },
  malformed_encoding: {
    status: 400,
    title: 'Malformed compressed body',
    detail: 'The body could not be inflated as its Content-Encoding says. Check that it is whole.',
  },
  malformed_request: {
    status: 400,
    title: 'Malformed request',
    detail:
      'The request is framed ambiguously. Send exactly one Host, and one Content-Length or Transfer-Encoding: chunked, not both.',
  },
  invalid_idempotency_key: {
    status: 400,
    title: 'Invalid Idempotency-Key',
    detail: 'Send one Idempotency-Key of 1 to 255 visible ASCII characters.',
  },
  key_missing: {
    status: 401,
    title: 'API key missing',
    detail: 'Send your API key as "Authorization: Bearer <key>" or "X-API-Key: <key>".',
  },
  key_unknown: {
    status: 401,
    title: 'API key unknown',
    detail: 'This server does not know the API key. Check it for typos, or ask the operator for a new one.',
  },
  key_revoked: {
    status: 403,
    title: 'API key revoked',
    detail: 'The operator has revoked this API key. Ask for a new one.',
  },
  key_expired: {
    status: 403,
    title: 'API key expired',
    detail: 'This API key has expired. Ask the operator for a new one.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'Origin not allowed',
    detail:
      "The request comes from a web page of another site. List the page's origin in USAGE_CORS_ORIGINS to allow it.",
  },
  not_found: {
    status: 404,
    title: 'No such path',
    detail: 'Post usages to /api/usages, without a slash at the end.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    detail: 'Use POST for /api/usages, GET for any other path (see Allow).',
  },
  body_timeout: {
    status: 408,
    title: 'Body too slow',
    detail:
      'The body did not arrive in time. Send it again on a better connection; nothing of it was stored.',
  },
  length_required: {
    status: 411,
    title: 'Length required',
    detail: 'Send Content-Length, or Transfer-Encoding: chunked.',
  },
  body_too_large: {
    status: 413,
    title: 'Body too large',
    detail: 'The body is over the limit for bytes on the wire. Send fewer usages a request.',
  },
  inflated_too_large: {
    status: 413,
    title: 'Inflated body too large',
    detail: 'The inflated body is over its limit. Send fewer usages a request.',
  },
  too_many_usages: {
    status: 413,
    title: 'Too many usages',
    detail: 'The request holds more usages than one request may. Send them in several requests.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    detail: 'Send application/json, or application/x-ndjson for one usage a line.',
  },
  unsupported_encoding: {
    status: 415,
    title: 'Unsupported content encoding',
    detail: 'Send the body plain or as gzip, deflate (zlib), br or zstd.',
  },
  invalid_usage: {
    status: 422,
    title: 'Invalid usage',
    detail: 'The fields named in errors are invalid. Nothing of this request was stored.',
  },
  no_usages: {
    status: 422,
    title: 'No usages',
    detail: 'The request holds no usage. Send a JSON object, a non-empty array, or at least one NDJSON line.',
  },
  rate_limited: {
    status: 429,
    title: 'Rate limit reached',
    detail:
      'This API key has sent as many usages as it may. Repeat the request after Retry-After seconds, or ask the operator for a higher rate.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    detail: 'The server made a mistake. Nothing of this request was stored; please report it.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    detail: 'More arrives than can be made durable just now. Repeat the request after Retry-After seconds.',
  },
  log_unavailable: {
    status: 503,
    title: 'Log not writable',
    detail:
      'The usages could not be made durable. Repeat the request, unchanged and with the same ids, after Retry-After seconds.',
  },
  keys_unavailable: {
    status: 503,
    title: 'API keys not known yet',
    detail:
      'This server has not read its API keys yet, so it cannot tell who may send. Repeat the request after Retry-After seconds.',
  },
  clock_wrong: {
    status: 503,
    title: 'Clock wrong',
    detail:
      "This server's clock is before its release, so it cannot tell which timestamps are right. Repeat the request after Retry-After seconds.",
  },
  durability_unknown: {
    status: 503,
    title: 'Durability not known in time',
    detail:
      'It is not known yet whether the usages are durable. Repeat the request, unchanged and with the same ids, after Retry-After seconds.',
  },
} as const satisfies Record<string, HttpProblem>;

export type HttpProblemCode = keyof typeof httpProblems;
