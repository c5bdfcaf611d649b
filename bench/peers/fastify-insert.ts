/**
 * Fastify and one INSERT a request, into the table that the server it stands beside fills, over a pool of node-postgres.
 *
 * Durability: committed in Postgres (synchronous_commit on) before the 201; a repeat with the same id is stored once.
 * One process, ten connections (the pool's default). The month's partition must be there: it makes none.
 *
 *     DATABASE_URL=postgres://... node bench/peers/fastify-insert.ts
 */

import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import pg from 'pg';
import { announce, wantedPort } from '../announce.ts';
import { type PeerUsage, usageRoute } from './usage-schema.ts';

const connectionString = process.env.DATABASE_URL;
if (!connectionString) throw new Error('DATABASE_URL is not set');
const pool = new pg.Pool({ connectionString });
// The pool replaces an idle connection that was lost; without a listener it would end the process.
pool.on('error', (error) => console.error(error.message));

/** Named, so that each connection parses and plans it once. */
const insert = {
  name: 'insert-usage',
  text: `insert into usages (id, patient_id, medication, used_at, utc_offset, received_at, attributes)
    values ($1, $2, $3, $4, $5, now(), $6) on conflict do nothing`,
};

const app = Fastify({ logger: false });
app.post<{ Body: PeerUsage }>('/api/usages', usageRoute, async (request, reply) => {
  const { id = randomUUID(), patientId, medication, timestamp, ...attributes } = request.body;
  const usedAt = new Date(timestamp);
  if (Number.isNaN(usedAt.getTime())) return reply.code(422).send({ error: 'timestamp is no date' });
  const values = [id, patientId, medication, usedAt, offsetMinutes(timestamp), jsonOrNull(attributes)];
  await pool.query({ ...insert, values });
  return reply.code(201).send({ id });
});

/** Minutes east of UTC, where the timestamp ends in a zone or names one: `+02:00`, `GMT-0500 (CDT)`. */
function offsetMinutes(timestamp: string): number | null {
  const zone = /([+-])(\d\d):?(\d\d)(?: \(.*\))?$/.exec(timestamp);
  if (!zone) return null;
  const minutes = Number(zone[2]) * 60 + Number(zone[3]);
  return zone[1] === '-' ? -minutes : minutes;
}

function jsonOrNull(attributes: object): string | null {
  return Object.keys(attributes).length > 0 ? JSON.stringify(attributes) : null;
}

await app.listen({ port: wantedPort, host: '127.0.0.1' });
announce((app.server.address() as AddressInfo).port);
