/** Counts the usages that a topic of ours holds, where they lie: every record is fetched, and its CRC must hold. */

import kafkajs from 'kafkajs';
import { decodeRecord } from '../src/log/kafka/record-headers.ts';
import { topicOffsets } from './topic-offsets.ts';

export interface TopicUsages {
  /** The topic must be there. */
  start(): Promise<void>;
  /** Of all records so far. @throws Error where one is not whole, or cannot be fetched in time */
  count(): Promise<number>;
  stop(): Promise<void>;
}

/** How long a fetch without records lasts, and so how late a count begins. */
const fetchWaitMs = 100;
const fetchedMsMax = 60_000;
const lookMs = 20;

/** A consumer of a group of its own, which fetches nothing but while it counts: a round's CPU is not its own. */
export function createTopicUsages(brokers: string, topic: string): TopicUsages {
  const client = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  const consumer = client.consumer({ groupId: `${topic}-count`, maxWaitTimeInMs: fetchWaitMs });
  /** By partition, the offset that comes next. */
  const next = new Map<number, number>();
  let usages = 0;
  let broken: Error | null = null;
  let hasSeat = false;
  let counting = false;

  /**
   * kafkajs gives its seat in the group up at the first trouble of joining (a coordinator that has just started is
   * "loading") and takes another a moment later, which knows nothing of a pause.
   */
  function flowWhileCounting(): void {
    if (!hasSeat) return;
    if (counting) consumer.resume([{ topic }]);
    else consumer.pause([{ topic }]);
  }

  async function fetchedAll(): Promise<boolean> {
    const offsets = await topicOffsets(admin, topic);
    return offsets.every(({ partition, high }) => (next.get(partition) ?? 0) >= Number(high));
  }

  /** @throws Error where the topic cannot be read, or it does not come true in time */
  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + fetchedMsMax;
    while (!(await condition())) {
      if (broken) throw broken;
      if (performance.now() > deadline) throw new Error(`the records of ${topic} do not arrive`);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  }

  return {
    async start() {
      await admin.connect();
      consumer.on(consumer.events.GROUP_JOIN, () => {
        hasSeat = true;
        flowWhileCounting();
      });
      consumer.on(consumer.events.STOP, () => {
        hasSeat = false;
      });
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart) broken = payload.error;
      });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch: { partition, messages } }) => {
          for (const { offset, headers, value } of messages) {
            // A seat in the group that was lost and taken again begins anew.
            if (Number(offset) < (next.get(partition) ?? 0)) continue;
            const { header } = decodeRecord(Number(offset), headers, value ?? Buffer.alloc(0));
            if (header === null)
              broken ??= new Error(`record ${offset} of partition ${partition} is not whole`);
            usages += header?.count ?? 0;
            next.set(partition, Number(offset) + 1);
          }
        },
      });
      await until(() => hasSeat);
    },
    async count() {
      counting = true;
      flowWhileCounting();
      try {
        await until(fetchedAll);
        return usages;
      } finally {
        counting = false;
        flowWhileCounting();
      }
    },
    async stop() {
      await consumer.disconnect();
      await admin.disconnect();
    },
  };
}
