/** The paths that GET and HEAD read: health, readiness, this document. */

import type {
  ZodOpenApiOperationObject,
  ZodOpenApiPathItemObject,
  ZodOpenApiResponseObject,
} from 'zod-openapi';
import { healthy, notReady, ready } from './answer-schemas.ts';
import { foreignPage, malformedRequest, methodNotAllowed, retryAfter } from './answers.ts';

type Responses = Record<number, ZodOpenApiResponseObject>;

interface Readable {
  readonly name: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly responses: Responses;
}

/** HEAD answers as GET does, without the body. */
function readable({ name, tag, summary, description, responses }: Readable): ZodOpenApiPathItemObject {
  const others = { 400: malformedRequest, 403: foreignPage, 405: methodNotAllowed('GET, HEAD') };
  const get: ZodOpenApiOperationObject = {
    operationId: `get${name}`,
    tags: [tag],
    summary,
    description,
    responses: { ...responses, ...others },
  };
  const withoutBodies = Object.entries(responses).map(([status, { description, headers }]) => [
    status,
    headers ? { description, headers } : { description },
  ]);
  const head: ZodOpenApiOperationObject = {
    operationId: `head${name}`,
    tags: [tag],
    summary: `${summary}, without the body`,
    responses: {
      ...Object.fromEntries(withoutBodies),
      400: { description: 'Malformed framing. The connection is closed.' },
      403: { description: 'A web page of another site.' },
    },
  };
  return { get, head };
}

export const healthz = readable({
  name: 'Health',
  tag: 'operation',
  summary: 'Whether the process lives',
  description: 'Says nothing about the log or the database.',
  responses: {
    200: {
      description: 'It lives.',
      content: {
        'application/json': { schema: healthy, examples: { healthy: { value: { healthy: true } } } },
      },
    },
  },
});

export const readyz = readable({
  name: 'Readiness',
  tag: 'operation',
  summary: 'Whether to send requests here',
  description:
    'Ready while the instance can append durably and is not stopping. Shedding, and a database or Kafka away, do not change it.',
  responses: {
    200: {
      description: 'Ready.',
      content: { 'application/json': { schema: ready, examples: { ready: { value: { ready: true } } } } },
    },
    503: {
      description: 'Not ready: send requests elsewhere.',
      headers: retryAfter,
      content: {
        'application/json': {
          schema: notReady,
          examples: { stopping: { value: { ready: false, reason: 'stopping' } } },
        },
      },
    },
  },
});

export const openapiJson = readable({
  name: 'ApiDocument',
  tag: 'operation',
  summary: 'This document',
  description: 'OpenAPI 3.1. The admin port has it too, and a page to read it at `/docs`.',
  responses: {
    200: {
      description: 'The document.',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['openapi', 'info', 'paths'],
            properties: {
              openapi: { type: 'string', pattern: '^3\\.1\\.[0-9]+$' },
              info: { type: 'object' },
              paths: { type: 'object' },
            },
          },
        },
      },
    },
  },
});
