/** The answers that several operations share, and problems by status with an example of every code. */

import type { ZodOpenApiResponseObject } from 'zod-openapi';
import { problemAnswer } from '../../src/front/answers.ts';
import { type HttpProblemCode, httpProblems } from '../../src/front/http-problems.ts';
import { problemSchema } from './answer-schemas.ts';

type Problem = Record<string, unknown>;

/** What the server sends: its own bytes, read. */
export function problemExample(code: HttpProblemCode, member: Problem = {}): Problem {
  return { ...JSON.parse(String(problemAnswer(code).body)), ...member };
}

const codes = Object.keys(httpProblems) as HttpProblemCode[];

/** The codes of a status, of the one table. */
export function codesOf(status: number): HttpProblemCode[] {
  return codes.filter((code) => httpProblems[code].status === status);
}

export const retryAfter = {
  'Retry-After': {
    required: true,
    description: 'Seconds to wait, spread so that a fleet does not return at once.',
    schema: { type: 'integer', minimum: 1, maximum: 5 },
  },
} as const;

export const rateLimited = {
  'Retry-After': {
    required: true,
    description: 'Whole seconds until the key may send again.',
    schema: { type: 'integer', minimum: 1 },
  },
  'RateLimit-Policy': {
    required: true,
    description: 'Usages per second that the key may send: `"usages";q=<rate>;w=1`.',
    schema: { type: 'string', pattern: '^"usages";q=[0-9]+;w=1$' },
  },
  RateLimit: {
    required: true,
    description:
      'Usages left now, and whole seconds until the whole burst is there again. Every answer to a key with a limit has both fields.',
    schema: { type: 'string', pattern: '^"usages";r=[0-9]+;t=[0-9]+$' },
  },
} as const;

export const authenticate = {
  'WWW-Authenticate': {
    required: true,
    description: 'How to authenticate.',
    schema: { type: 'string', const: 'Bearer' },
  },
} as const;

export const allow = (methods: string) =>
  ({
    Allow: {
      required: true,
      description: 'The methods of this path.',
      schema: { type: 'string', const: methods },
    },
  }) as const;

/** The media type object of a problem answer; `members` are further members of the examples. */
export function problemContent(
  ofCodes: readonly HttpProblemCode[],
  members: Partial<Record<HttpProblemCode, Problem>> = {},
) {
  return {
    'application/problem+json': {
      schema: problemSchema(ofCodes),
      examples: Object.fromEntries(
        ofCodes.map((code) => [
          code,
          { summary: httpProblems[code].title, value: problemExample(code, members[code]) },
        ]),
      ),
    },
  };
}

export function problemResponse(
  description: string,
  ofCodes: readonly HttpProblemCode[],
): ZodOpenApiResponseObject {
  return { description, content: problemContent(ofCodes) };
}

/** What every path answers to a request whose framing two parsers could read differently; it closes the connection. */
export const malformedRequest: ZodOpenApiResponseObject = {
  ...problemResponse('Malformed framing. The connection is closed.', ['malformed_request']),
  id: 'MalformedRequest',
};

/** What every path answers to a page of another site. */
export const foreignPage: ZodOpenApiResponseObject = {
  ...problemResponse('A web page of another site, unless `USAGE_CORS_ORIGINS` lists it.', [
    'origin_not_allowed',
  ]),
  id: 'ForeignPage',
};

export const notFound: ZodOpenApiResponseObject = {
  ...problemResponse('Any path that is not in this document.', codesOf(404)),
  id: 'NotFound',
};

export const internalError: ZodOpenApiResponseObject = {
  ...problemResponse('A mistake of the server. Nothing of the request was stored.', codesOf(500)),
  id: 'InternalError',
};

export function methodNotAllowed(methods: string): ZodOpenApiResponseObject {
  return {
    ...problemResponse('Any method that this path does not have.', codesOf(405)),
    headers: allow(methods),
  };
}
