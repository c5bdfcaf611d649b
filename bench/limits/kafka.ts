/**
 * The least server with Kafka in a process of its own. Durability: each body is with all in-sync replicas (acks=-1)
 * before its 201, as part of a message of all that came during the send before. Nothing reaches a database.
 *
 *     KAFKA_BROKERS=127.0.0.1:9092 KAFKA_TOPIC=bare-bodies node bench/limits/kafka.ts
 */

import kafkajs from 'kafkajs';
import { announce, wantedPort } from '../announce.ts';
import { startGatheringServer } from './gathering-server.ts';

const brokers = (process.env.KAFKA_BROKERS ?? '127.0.0.1:9092').split(',');
const topic = process.env.KAFKA_TOPIC ?? 'bare-bodies';

const kafka = new kafkajs.Kafka({ clientId: 'bare', brokers, logLevel: kafkajs.logLevel.ERROR });
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
await admin.disconnect();
// The partitioner is kafkajs' own of today; naming it keeps a warning about the one before it away.
const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
await producer.connect();

// A send that fails ends the process: a limit that loses what it answers for is none.
const port = await startGatheringServer(wantedPort, (value, onKept) => {
  void producer.send({ topic, acks: -1, messages: [{ partition: 0, value }] }).then(onKept);
});
announce(port);
