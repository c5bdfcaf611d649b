/**
 * The reading side of the Kafka log: a member of the writers' consumer group. Every (re)assignment revokes all
 * partitions and hands over those that are ours now, so that whoever reads opens each from its stored position:
 * in between it may have been another writer's.
 */

import type { Settings } from '../../config/settings.ts';
import type { Logger } from '../../observability/logger.ts';
import type { LogPartition, LogReader } from '../log.ts';
import { backgroundPatience, createKafkaClient } from './client.ts';
import { within } from './link.ts';
import { createMembership } from './membership.ts';
import { KafkaMisconfiguredError, translateKafkaError } from './misconfigured-error.ts';
import { KafkaPartition } from './partition.ts';
import { prepareTopic } from './topic.ts';
import { createWatermarks } from './watermarks.ts';

export interface KafkaReaderOptions {
  readonly settings: Settings;
  /** Names the connection in the brokers' logs. */
  readonly clientId: string;
  readonly logger: Logger;
}

const retryEveryMs = 1_000;
const connectMsMax = 15_000;

/**
 * `start` resolves once Kafka answered for the first time, for the source is named after its cluster; it waits
 * for that as long as it takes.
 */
export function createKafkaReader(options: KafkaReaderOptions): LogReader {
  const { settings, clientId, logger } = options;
  const watermarks = createWatermarks(settings, `${clientId}-bounds`);
  let source: string | null = null;
  let onPartition: (partition: LogPartition) => void = () => {};
  let partitions = new Map<number, KafkaPartition>();
  let assignments = 0;
  let starting: Promise<void> | null = null;
  let stopping: Promise<void> | null = null;

  const membership = createMembership({
    settings,
    clientId,
    logger,
    onBatch: (batch) => partitions.get(batch.partition)?.deliver(batch),
    onAssigned(numbers) {
      revokeAll();
      const assignment = ++assignments;
      // A partition of an earlier assignment must not steer the one that came in its place.
      const ours =
        <A extends unknown[]>(act: (...rest: A) => void) =>
        (...rest: A) => {
          if (assignment === assignments) act(...rest);
        };
      const { flow, halt, commit } = membership;
      const feed = { flow: ours(flow), halt: ours(halt), commit: ours(commit), bounds: watermarks.of };
      partitions = new Map(numbers.map((number) => [number, new KafkaPartition(number, feed)]));
      for (const partition of partitions.values()) onPartition(partition);
    },
  });

  function revokeAll(): void {
    const old = partitions;
    partitions = new Map();
    for (const partition of old.values()) partition.revoke();
  }

  /** The cluster's id, from a cluster whose topic is as it must be. Tries until Kafka answers. */
  async function clusterId(): Promise<string | null> {
    let told = false;
    while (!stopping) {
      const admin = createKafkaClient(settings, clientId, backgroundPatience).admin();
      try {
        return await within(
          connectMsMax,
          admin.connect().then(async () => (await prepareTopic(admin, settings)).clusterId),
        );
      } catch (error) {
        const translated = translateKafkaError(error, settings.USAGE_KAFKA_TOPIC);
        if (translated instanceof KafkaMisconfiguredError) throw translated;
        if (!told) logger.warn('kafka_away', { err: error });
        told = true;
        await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
      } finally {
        void within(connectMsMax, admin.disconnect()).catch(() => {});
      }
    }
    return null;
  }

  async function start(): Promise<void> {
    const id = await clusterId();
    if (id === null || stopping) return;
    source = `kafka:${id}/${settings.USAGE_KAFKA_TOPIC}`;
    membership.start();
  }

  async function close(): Promise<void> {
    await starting?.catch(() => {});
    revokeAll();
    await membership.stop();
    await watermarks.close();
  }

  return {
    kind: 'kafka',
    get source() {
      if (source === null) throw new Error('the source of a log is known after its start');
      return source;
    },
    start(listener) {
      onPartition = listener;
      starting ??= start();
      return starting;
    },
    stop: () => (stopping ??= close()),
  };
}
