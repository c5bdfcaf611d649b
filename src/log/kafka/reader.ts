/**
 * The reading side of the Kafka log: a member of the writers' consumer group. Every (re)assignment revokes all
 * partitions and hands over those that are ours now, so that whoever reads opens each from its stored position:
 * in between it may have been another writer's.
 */

import type { Settings } from '../../config/settings.ts';
import type { Logger } from '../../observability/logger.ts';
import { onChange } from '../../observability/told.ts';
import { once } from '../../system/once.ts';
import { pause } from '../../system/waiting.ts';
import type { LogPartition, LogReader } from '../log.ts';
import { backgroundPatience } from './client.ts';
import { createLineages } from './lineage.ts';
import { createMembership } from './membership.ts';
import { KafkaMisconfiguredError } from './misconfigured-error.ts';
import { KafkaPartition } from './partition.ts';
import { missingRights } from './rights.ts';
import { askAdmin, prepareTopic } from './topic.ts';
import { createWatermarks } from './watermarks.ts';

export interface KafkaReaderOptions {
  readonly settings: Settings;
  /** Names the connection in the brokers' logs. */
  readonly clientId: string;
  readonly logger: Logger;
}

const retryEveryMs = 1_000;
const misconfiguredRetryMs = 30_000;

/**
 * `start` resolves whether Kafka is there or not, and goes on trying. The source is named after its cluster, so
 * it is known before the first partition is handed over, and not always when `start` resolves.
 * `start` rejects with KafkaMisconfiguredError for what waiting does not mend.
 */
export function createKafkaReader(options: KafkaReaderOptions): LogReader {
  const { settings, clientId, logger } = options;
  const watermarks = createWatermarks(settings, `${clientId}-bounds`);
  const lineages = createLineages(settings, `${clientId}-lineage`);
  let source: string | null = null;
  let onPartition: (partition: LogPartition) => void = () => {};
  let partitions = new Map<number, KafkaPartition>();
  let assignments = 0;
  const stopping = new AbortController();
  let opening: Promise<void> | null = null;

  const membership = createMembership({
    settings,
    clientId,
    logger,
    onBatch: (batch) => partitions.get(batch.partition)?.deliver(batch),
    onKeptBack: (partition, first, last) => partitions.get(partition)?.deliverForeign(first, last),
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
      const feed = {
        flow: ours(flow),
        halt: ours(halt),
        commit: ours(commit),
        bounds: watermarks.of,
        lineage: lineages.of,
      };
      partitions = new Map(numbers.map((number) => [number, new KafkaPartition(number, feed)]));
      for (const partition of partitions.values()) onPartition(partition);
    },
  });

  function revokeAll(): void {
    const old = partitions;
    partitions = new Map();
    for (const partition of old.values()) partition.revoke();
  }

  /** Names the source after a cluster whose topic is as it must be, and joins the group. */
  async function open(): Promise<void> {
    const { clusterId } = await askAdmin(settings, clientId, backgroundPatience, (admin) =>
      prepareTopic(admin, settings),
    );
    const problems = await missingRights(settings, clientId, ['read']);
    if (problems.length > 0) throw new KafkaMisconfiguredError(problems);
    if (stopping.signal.aborted) return;
    source = `kafka:${clusterId}/${settings.USAGE_KAFKA_TOPIC}`;
    membership.start();
  }

  /** Until it is open, however long that takes; told once a state. */
  async function keepOpening(): Promise<void> {
    const tell = onChange<string, [unknown]>('', (_, error) => {
      if (error instanceof KafkaMisconfiguredError)
        logger.error('kafka_misconfigured', { problems: error.problems });
      else logger.warn('kafka_away', { err: error });
    });
    while (!stopping.signal.aborted && source === null) {
      try {
        await open();
      } catch (error) {
        const fatal = error instanceof KafkaMisconfiguredError;
        tell(fatal ? error.message : 'away', error);
        await pause(fatal ? misconfiguredRetryMs : retryEveryMs, stopping.signal);
      }
    }
  }

  async function openOrGoOn(): Promise<void> {
    try {
      await open();
    } catch (error) {
      if (error instanceof KafkaMisconfiguredError) throw error;
      opening = keepOpening();
    }
  }

  async function close(): Promise<void> {
    stopping.abort();
    await start.settled();
    await opening;
    revokeAll();
    await membership.stop();
    await Promise.all([watermarks.close(), lineages.close()]);
  }

  const start = once(openOrGoOn);
  return {
    kind: 'kafka',
    get source() {
      if (source === null) throw new Error('the source of a log is known after its start');
      return source;
    },
    async unassignedBacklog() {
      return assignments > 0 ? 0 : watermarks.groupLag();
    },
    gonePartitions: async () => [],
    start(listener) {
      onPartition = listener;
      return start();
    },
    stop: once(close),
  };
}
