/** POST /api/usages. */

import { z } from 'zod';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import {
  createdExamples,
  multiStatusExamples,
  noneAcceptedExamples,
  problemMembers,
} from './answer-examples.ts';
import { batch, stored } from './answer-schemas.ts';
import {
  authenticate,
  codesOf,
  internalError,
  methodNotAllowed,
  problemContent,
  problemResponse,
  rateLimited,
  retryAfter,
} from './answers.ts';
import { jsonExamples, ndjsonExamples, textExamples } from './request-examples.ts';
import { jsonAsText, jsonBody, limit, ndjsonBody, requestHeaders } from './request-schemas.ts';

const bodyDescription = [
  'JSON in UTF-8: one usage, or an array of usages. NDJSON: one usage a line.',
  '`application/*+json` and a request without Content-Type are read as `application/json`. So is `application/x-www-form-urlencoded`, which `curl -d` says of any body: the body is JSON all the same, never a form.',
  `Limits: ${limit('USAGE_BODY_BYTES_MAX', 'bytes on the wire')}, ${limit('USAGE_INFLATED_BYTES_MAX', 'bytes inflated')}, ${limit('USAGE_REQUEST_USAGES_MAX', 'usages')}, ${limit('USAGE_BODY_TIMEOUT_MS', 'milliseconds to arrive')}.`,
].join('\n\n');

const ndjson = { schema: ndjsonBody, examples: ndjsonExamples };
const text = { schema: jsonAsText, examples: textExamples };

export const postUsages: ZodOpenApiOperationObject = {
  operationId: 'postUsages',
  tags: ['usages'],
  summary: 'Store usages',
  description:
    'A 201 is answered after the usages are durable; each is then stored exactly once. A usage is (patientId, instant, id): the first stored wins, a repeat is a duplicate and is answered 201 too. After a 503, or when the connection breaks, repeat the request unchanged. A usage sent without an `id` and without `Idempotency-Key` may be stored twice then.',
  security: [{}, { bearer: [] }, { header: [] }],
  requestParams: { header: requestHeaders },
  requestBody: {
    required: true,
    description: bodyDescription,
    content: {
      'application/json': { schema: jsonBody, examples: jsonExamples },
      'application/x-ndjson': ndjson,
      'application/jsonl': ndjson,
      'text/plain': text,
      'application/x-www-form-urlencoded': text,
    },
  },
  responses: {
    201: {
      description:
        'Durable. For one usage its id; for an array or NDJSON a result for each, all of them accepted.',
      content: { 'application/json': { schema: z.union([stored, batch]), examples: createdExamples } },
    },
    207: {
      description: 'Of an array or NDJSON some are durable, the others were refused.',
      content: { 'application/json': { schema: batch, examples: multiStatusExamples } },
    },
    400: problemResponse('Malformed: JSON, UTF-8, compression, framing or a header field.', codesOf(400)),
    401: {
      ...problemResponse('The server asks for API keys, and this is none that it knows.', codesOf(401)),
      headers: authenticate,
    },
    403: problemResponse(
      'The API key is revoked or expired; or a web page of another site, unless `USAGE_CORS_ORIGINS` lists it.',
      codesOf(403),
    ),
    405: methodNotAllowed('POST'),
    408: problemResponse('The body did not arrive in time. The connection is closed.', codesOf(408)),
    411: problemResponse('Neither Content-Length nor chunked. The connection is closed.', codesOf(411)),
    413: problemResponse('Over a limit.', codesOf(413)),
    415: problemResponse(
      'Another media type, charset or content coding than those named here.',
      codesOf(415),
    ),
    422: {
      description:
        'An invalid usage, or no usage at all (`application/problem+json`); an array or NDJSON of which none was accepted (`application/json`).',
      content: {
        ...problemContent(codesOf(422), problemMembers),
        'application/json': { schema: batch, examples: noneAcceptedExamples },
      },
    },
    429: {
      ...problemResponse('The API key has sent more usages per second than it may.', codesOf(429)),
      headers: rateLimited,
    },
    500: internalError,
    503: {
      description:
        'Not stored, or not known in time to be durable. Repeat the whole request after `Retry-After` seconds.',
      headers: retryAfter,
      content: problemContent(codesOf(503), problemMembers),
    },
  },
};
