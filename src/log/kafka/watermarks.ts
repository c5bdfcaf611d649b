/** First and end offset of every partition of the topic, asked for all at once and remembered for a moment. */

import type { Admin } from 'kafkajs';
import type { Settings } from '../../config/settings.ts';
import { within } from '../../system/waiting.ts';
import { backgroundPatience, createKafkaClient } from './client.ts';

export interface Bounds {
  readonly first: number;
  readonly end: number;
}

export interface Watermarks {
  /** At most `maxAgeMs` old. @throws where Kafka is away, or has no such partition */
  of(partition: number, maxAgeMs: number): Promise<Bounds>;
  /** Records after what the group has committed: as lag tools count. @throws where Kafka is away */
  groupLag(): Promise<number>;
  close(): Promise<void>;
}

const answerMsMax = 5_000;

export function createWatermarks(settings: Settings, clientId: string): Watermarks {
  const topic = settings.USAGE_KAFKA_TOPIC;
  let admin: Admin | null = null;
  let known = new Map<number, Bounds>();
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;

  async function ask(): Promise<void> {
    const beganAtMs = performance.now();
    try {
      const offsets = await within(answerMsMax, 'Kafka', fetchOffsets());
      known = new Map(
        offsets.map(({ partition, low, high }) => [partition, { first: Number(low), end: Number(high) }]),
      );
      askedAtMs = beganAtMs;
    } catch (error) {
      // A client that failed may be stuck: the next question gets a new one.
      const failed = admin;
      admin = null;
      if (failed) void within(answerMsMax, 'Kafka', failed.disconnect()).catch(() => {});
      throw error;
    }
  }

  async function connected(): Promise<Admin> {
    if (!admin) {
      const made = createKafkaClient(settings, clientId, backgroundPatience).admin();
      admin = made;
      await made.connect();
    }
    return admin;
  }

  async function fetchOffsets() {
    return (await connected()).fetchTopicOffsets(topic);
  }

  async function groupLag(): Promise<number> {
    const client = await connected();
    const offsets = await client.fetchTopicOffsets(topic);
    const groupId = settings.USAGE_KAFKA_GROUP;
    const committed = await client.fetchOffsets({ groupId, topics: [topic] });
    const from = new Map(
      committed[0]?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
    );
    // -1: nothing was committed yet.
    return offsets.reduce(
      (sum, { partition, low, high }) =>
        sum + Math.max(0, Number(high) - Math.max(Number(low), from.get(partition) ?? -1)),
      0,
    );
  }

  return {
    async of(partition, maxAgeMs) {
      // An answer that was under way before the question may be older than it.
      if (asking && maxAgeMs === 0) await asking.catch(() => {});
      if (performance.now() - askedAtMs >= maxAgeMs) {
        asking ??= ask().finally(() => {
          asking = null;
        });
        await asking;
      }
      const bounds = known.get(partition);
      if (!bounds) throw new Error(`topic ${topic} has no partition ${partition}`);
      return bounds;
    },
    groupLag: () => within(answerMsMax, 'Kafka', groupLag()),
    async close() {
      await asking?.catch(() => {});
      if (admin) await within(answerMsMax, 'Kafka', admin.disconnect()).catch(() => {});
      admin = null;
    },
  };
}
