/** Fastify and kafkajs as the runner measures them, over the Kafka that it shares with the others. */

import kafkajs, { type Admin } from 'kafkajs';
import { type Program, startProgram } from '../program.ts';
import type { CreateSubject } from '../subject.ts';
import { topicOffsets } from '../topic-offsets.ts';
import { uniqueName } from '../unique-name.ts';

export const createFastifyKafkajs: CreateSubject = ({ kafka }) => {
  if (kafka === null) throw new Error('fastify-kafkajs needs a Kafka');
  const topic = uniqueName('peer');
  const client = new kafkajs.Kafka({
    brokers: kafka.brokers.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  });
  let running: { readonly program: Program; readonly admin: Admin } | null = null;
  let forgotten = 0;

  function started() {
    if (running === null) throw new Error('fastify-kafkajs is not started');
    return running;
  }

  /** Messages of the topic since it was made: what its brokers' high watermarks add up to. */
  async function messages(): Promise<number> {
    const offsets = await topicOffsets(started().admin, topic);
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  }

  return {
    name: 'fastify-kafkajs',
    durability: 'in Kafka (acks=-1), in no database; one process',
    async start() {
      const program = await startProgram(new URL('fastify-kafkajs.ts', import.meta.url), {
        env: { KAFKA_BROKERS: kafka.brokers, KAFKA_TOPIC: topic },
      });
      running = { program, admin: client.admin() };
      await running.admin.connect();
      return { url: `http://127.0.0.1:${program.port}/api/usages` };
    },
    stageRoots: async () => [
      { stage: 'subject', pid: started().program.pid },
      ...kafka.pids.map((pid) => ({ stage: 'broker', pid }) as const),
    ],
    countRows: async () => (await messages()) - forgotten,
    settle: async () => null,
    async forget() {
      forgotten = await messages();
    },
    async stop() {
      await running?.admin.disconnect();
      await running?.program.stop();
    },
  };
};
