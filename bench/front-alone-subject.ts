/**
 * A front of ours alone with Kafka (`usage-ingest start --role front`): it does what a peer does that stores in no
 * database, on what the peer has of the machine.
 */

import { type Instance, startCommand } from '../harness/instance.ts';
import type { CreateSubject } from './subject.ts';
import { createTopicUsages } from './topic-usages.ts';
import { uniqueName } from './unique-name.ts';
import { createWatchedInstance } from './watched-instance.ts';

export const createKafkaFront: CreateSubject = ({ kafka }) => {
  if (kafka === null) throw new Error('kafka-front needs a Kafka');
  const topic = uniqueName('front');
  const usages = createTopicUsages(kafka.brokers, topic);
  let instance: Instance | null = null;
  let front: readonly number[] = [];
  let forgotten = 0;

  return {
    name: 'kafka-front',
    durability: 'in Kafka (acks=-1), in no database; one front',
    async start() {
      // No spool: what a 201 promises is in Kafka, where it is counted.
      const env = { KAFKA_BROKERS: kafka.brokers, USAGE_KAFKA_TOPIC: topic, USAGE_SPOOL: 'off' };
      instance = await createWatchedInstance(env, [...startCommand, '--role', 'front']);
      await instance.start();
      // A role that runs alone is the process that was started.
      front = await instance.pids('supervisor');
      await usages.start();
      return { url: `${instance.url}/api/usages` };
    },
    stageRoots: async () => [
      ...front.map((pid) => ({ stage: 'front', pid }) as const),
      ...kafka.pids.map((pid) => ({ stage: 'broker', pid }) as const),
    ],
    countRows: async () => (await usages.count()) - forgotten,
    settle: async () => null,
    async forget() {
      forgotten = await usages.count();
    },
    async stop() {
      try {
        await usages.stop();
      } finally {
        await instance?.close();
      }
    },
  };
};
