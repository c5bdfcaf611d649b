/**
 * Fastify and kafkajs, one send a request: what most would write who read that Kafka makes it durable.
 *
 * Durability: acknowledged by all in-sync replicas (acks=-1) before the 201. Nothing reaches a database. One process.
 *
 *     KAFKA_BROKERS=127.0.0.1:9092 KAFKA_TOPIC=peer-usages node bench/peers/fastify-kafkajs.ts
 */

import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import kafkajs from 'kafkajs';
import { announce, wantedPort } from '../announce.ts';
import { type PeerUsage, usageRoute } from './usage-schema.ts';

const brokers = (process.env.KAFKA_BROKERS ?? '127.0.0.1:9092').split(',');
const topic = process.env.KAFKA_TOPIC ?? 'peer-usages';
/** As many as the topic of the server that it stands beside. */
const numPartitions = 12;

const kafka = new kafkajs.Kafka({ clientId: 'peer', brokers, logLevel: kafkajs.logLevel.ERROR });
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
await admin.disconnect();
// The partitioner is kafkajs' own of today; naming it keeps a warning about the one before it away.
const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
await producer.connect();

const app = Fastify({ logger: false });
app.post<{ Body: PeerUsage }>('/api/usages', usageRoute, async (request, reply) => {
  const { body } = request;
  const id = body.id ?? randomUUID();
  await producer.send({
    topic,
    acks: -1,
    messages: [{ key: body.patientId, value: JSON.stringify({ ...body, id }) }],
  });
  reply.code(201);
  return { id };
});

await app.listen({ port: wantedPort, host: '127.0.0.1' });
announce((app.server.address() as AddressInfo).port);
