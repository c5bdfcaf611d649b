/**
 * Our seat in the writers' consumer group, kept for as long as the reader lives: whatever ends kafkajs'
 * consumer, or makes it fall silent, a new one is made.
 *
 * Positions are in Postgres, not in the group: at every assignment all partitions are paused before anything is
 * fetched (synchronously in GROUP_JOIN: kafkajs waits for no listener), and flow only from where they are told.
 */

import type { Batch, Consumer } from 'kafkajs';
import type { Settings } from '../../config/settings.ts';
import type { Logger } from '../../observability/logger.ts';
import { onChange } from '../../observability/told.ts';
import { within } from '../../system/waiting.ts';
import { backgroundPatience, createKafkaClient, retryOptions } from './client.ts';
import { KafkaMisconfiguredError, translateKafkaError } from './misconfigured-error.ts';

export interface Membership {
  start(): void;
  stop(): Promise<void>;
  flow(partition: number, position?: number): void;
  halt(partition: number): void;
  commit(partition: number, position: number): void;
}

/** A zombie is overtaken after this long; positions are fenced in Postgres all the same. Kafka's least is 6 s. */
const sessionTimeoutMs = 6_000;
const heartbeatMs = 1_000;
/**
 * How long a fetch waits for so many bytes, and so how long a resumed partition may wait for the next fetch. One that
 * came back with every record would cost broker and writer more than the records do: at 20,000 usages a second 64 KiB
 * took the writer 5.7 us a usage, 256 KiB 4.5.
 */
const fetchWaitMs = 100;
const fetchBytesMin = 256 * 1024;
/** How old what kafkajs knows of the topic may be: it finds added partitions by nothing else. Its default is 5 min. */
const metadataMsMax = 20_000;
const restartPauseMs = 1_000;
const misconfiguredPauseMs = 30_000;
/** No fetch and no heartbeat for this long: kafkajs is stuck (tulios/kafkajs#919), start anew. */
const silentMsMax = 30_000;
const disconnectMsMax = 5_000;
const commitEveryMs = 1_000;

export function createMembership(options: {
  settings: Settings;
  clientId: string;
  logger: Logger;
  /** All partitions that are ours from now on; those of before are not. Nothing flows until told. */
  onAssigned(partitions: number[]): void;
  onBatch(batch: Batch): void;
  /** Kafkajs kept back all that a fetch brought from one position to another, both included. */
  onKeptBack(partition: number, first: number, last: number): void;
}): Membership {
  const { settings, logger } = options;
  const topic = settings.USAGE_KAFKA_TOPIC;
  let consumer: Consumer | null = null;
  let stopped = false;
  let lastSignMs = 0;
  let restart: NodeJS.Timeout | null = null;
  let watch: NodeJS.Timeout | null = null;
  let committer: NodeJS.Timeout | null = null;
  const commits = new Map<number, number>();

  async function join(): Promise<void> {
    const kafka = createKafkaClient(settings, options.clientId, backgroundPatience);
    const mine = kafka.consumer({
      groupId: settings.USAGE_KAFKA_GROUP,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: fetchWaitMs,
      minBytes: fetchBytesMin,
      metadataMaxAge: metadataMsMax,
      allowAutoTopicCreation: false,
      // We write no transactions: a foreign one that stays open must not hold up what was appended after it.
      readUncommitted: true,
      // Started anew by us, with a client of its own.
      retry: { ...retryOptions(backgroundPatience), restartOnFailure: async () => false },
    });
    consumer = mine;
    lastSignMs = performance.now();
    const sign = () => {
      if (consumer === mine) lastSignMs = performance.now();
    };
    mine.on(mine.events.FETCH, sign);
    mine.on(mine.events.HEARTBEAT, sign);
    mine.on(mine.events.GROUP_JOIN, ({ payload }) => {
      if (consumer !== mine || stopped) return;
      sign();
      const partitions = payload.memberAssignment[topic] ?? [];
      if (partitions.length > 0) mine.pause([{ topic, partitions }]);
      commits.clear();
      options.onAssigned(partitions);
    });
    mine.on(mine.events.START_BATCH_PROCESS, ({ payload }) => {
      if (consumer !== mine || payload.batchSize > 0 || payload.firstOffset === null) return;
      options.onKeptBack(payload.partition, Number(payload.firstOffset), Number(payload.lastOffset));
    });
    mine.on(mine.events.CRASH, ({ payload }) => leave(mine, payload.error));
    try {
      await mine.connect();
      await mine.subscribe({ topic, fromBeginning: true });
      await mine.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: async ({ batch, resolveOffset, isStale }) => {
          if (consumer !== mine || isStale()) return;
          options.onBatch(batch);
          resolveOffset(batch.lastOffset());
        },
      });
    } catch (error) {
      leave(mine, error);
    }
  }

  const tellState = onChange<string, [unknown?]>('', (state, error) => {
    if (state === 'joined') logger.info('kafka_group_joined');
    else if (error instanceof KafkaMisconfiguredError)
      logger.error('kafka_misconfigured', { problems: error.problems });
    else logger.warn('kafka_group_left', { err: error });
  });

  /** Gives up a consumer and makes a new one after a pause. */
  function leave(mine: Consumer, cause: unknown): void {
    if (consumer !== mine || stopped) return;
    consumer = null;
    void within(disconnectMsMax, 'Kafka', mine.disconnect()).catch(() => {});
    const error = translateKafkaError(cause, topic);
    const fatal = error instanceof KafkaMisconfiguredError;
    const problem = fatal ? error.message : 'away';
    tellState(problem, error);
    restart = setTimeout(() => void join(), fatal ? misconfiguredPauseMs : restartPauseMs);
  }

  /** kafkajs throws where its group is not there (any more): the next assignment begins anew anyway. */
  function whenJoined(act: (joined: Consumer) => void): void {
    if (!consumer || stopped) return;
    try {
      act(consumer);
    } catch (error) {
      logger.debug('kafka_group_left', { err: error });
    }
  }

  /** For lag tools alone, so a failure is not repeated: the next commit says more. */
  async function commitAll(): Promise<void> {
    if (!consumer || commits.size === 0) return;
    const offsets = [...commits].map(([partition, position]) => ({
      topic,
      partition,
      offset: String(position),
    }));
    commits.clear();
    await within(disconnectMsMax, 'Kafka', consumer.commitOffsets(offsets)).catch(() => {});
  }

  return {
    start() {
      void join();
      committer = setInterval(() => void commitAll(), commitEveryMs);
      watch = setInterval(() => {
        if (consumer && performance.now() - lastSignMs > silentMsMax)
          leave(consumer, new Error(`no sign of Kafka for ${silentMsMax} ms`));
      }, 1_000);
    },
    async stop() {
      if (restart) clearTimeout(restart);
      if (watch) clearInterval(watch);
      if (committer) clearInterval(committer);
      await commitAll();
      stopped = true;
      const last = consumer;
      consumer = null;
      if (last) await within(disconnectMsMax, 'Kafka', last.disconnect()).catch(() => {});
    },
    flow(partition, position) {
      whenJoined((joined) => {
        if (position !== undefined) joined.seek({ topic, partition, offset: String(position) });
        joined.resume([{ topic, partitions: [partition] }]);
        tellState('joined');
      });
    },
    halt: (partition) => whenJoined((joined) => joined.pause([{ topic, partitions: [partition] }])),
    commit: (partition, position) => void commits.set(partition, position),
  };
}
