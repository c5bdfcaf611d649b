/** What the Fastify peers take: Fastify checks a body against it with a compiled validator. */

import type { FastifySchema } from 'fastify';

/** One usage, as a peer gets it after validation. */
export interface PeerUsage {
  readonly id?: string;
  readonly patientId: string;
  readonly medication: string;
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

export const usageRoute: { readonly schema: FastifySchema } = {
  schema: {
    body: {
      type: 'object',
      required: ['patientId', 'medication', 'timestamp'],
      properties: {
        id: { type: 'string', format: 'uuid' },
        patientId: { type: 'string', minLength: 1, maxLength: 128 },
        medication: { type: 'string', minLength: 1, maxLength: 256 },
        timestamp: { type: 'string', minLength: 1, maxLength: 64 },
      },
    },
    response: { 201: { type: 'object', properties: { id: { type: 'string' } } } },
  },
};
