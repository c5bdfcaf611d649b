/**
 * The writing side of the Kafka log. Records stay on a partition for a while and then go to the next one,
 * several in flight; one that a broker fails is tried on a partition of another broker while its time lasts. A rejection
 * means *unknown*: the record may be there, now or later. So does every answer that is not an acknowledgement in full.
 *
 * `writable` is false while no broker can be used; it probes by itself and turns true again.
 */

import type { Settings } from '../../config/settings.ts';
import type { Logger } from '../../observability/logger.ts';
import { onChange } from '../../observability/told.ts';
import { once } from '../../system/once.ts';
import { within } from '../../system/waiting.ts';
import { type LogAppender, type LogKind, LogUnavailableError } from '../log.ts';
import type { RecordHeader } from '../record.ts';
import {
  acknowledgedOffset,
  createOffsetOrder,
  LogMadeAnewError,
  NotAcknowledgedError,
} from './acknowledgement.ts';
import type { Patience } from './client.ts';
import type { ConnectedProducer } from './connected-producer.ts';
import { createLeaderHealth } from './leader-health.ts';
import { KafkaMisconfiguredError, kafkaErrorType } from './misconfigured-error.ts';
import type { TopicState } from './topic.ts';
import { kafkaTopicAccess, type TopicAccess } from './topic-access.ts';

export interface KafkaAppenderOptions {
  readonly settings: Settings;
  /** Names the connection in the brokers' logs. */
  readonly clientId: string;
  readonly patience: Patience;
  /** How long one append may take, milliseconds. */
  readonly appendTimeoutMs: number;
  readonly logger: Logger;
  /** Told of the topic at every new connection. */
  readonly onWeaknesses?: (weaknesses: readonly string[]) => void;
  /** Default: kafkajs'. */
  readonly access?: TopicAccess;
}

export interface KafkaAppender extends LogAppender {
  /** Like `append`; a null header is a record that is not ours, whose bytes go as they are. */
  appendRecord(header: RecordHeader | null, rows: Buffer): Promise<LogKind>;
}

/** A front with the wrong rights goes on spooling; someone is told, and it looks again now and then. */
const misconfiguredPauseMs = 30_000;
/** How often it is looked whether the topic has other partitions or leaders. */
const lookEveryMs = 20_000;
const closeWaitMsMax = 5_000;
const startMsMax = 3_000;

export function createKafkaAppender(options: KafkaAppenderOptions): KafkaAppender {
  const { settings, logger, appendTimeoutMs } = options;
  const probeMs = settings.USAGE_KAFKA_PROBE_MS;
  const access = options.access ?? kafkaTopicAccess(options);
  const health = createLeaderHealth(probeMs);
  const offsets = createOffsetOrder();
  const listeners: ((writable: boolean) => void)[] = [];
  let producer: ConnectedProducer | null = null;
  /** Partitions that the producer turned out not to reach. */
  let absent = new Set<number>();
  let stayUntilMs = 0;
  let turn = Math.floor(Math.random() * 1_000_000); // fronts that start together do not go round together
  let writable = false;
  let probe: NodeJS.Timeout | null = null;
  let looks: NodeJS.Timeout | null = null;
  let connecting: Promise<void> | null = null;
  let stopping = false;

  /** The partition whose turn it is, if its broker can be used, else the next such one; null where there is none. */
  function nextPartition(from: ConnectedProducer): number | null {
    const nowMs = performance.now();
    if (nowMs >= stayUntilMs) {
      stayUntilMs = nowMs + settings.USAGE_KAFKA_STAY_MS;
      turn++;
    }
    for (let tried = 0; tried < from.partitions.length; tried++, turn++) {
      const partition = from.partitions[turn % from.partitions.length]!;
      if (isUsable(from, partition, nowMs)) return partition;
    }
    return null;
  }

  const isUsable = (from: ConnectedProducer, partition: number, nowMs: number) =>
    !absent.has(partition) && health.usable(from.leaderOf(partition), nowMs);

  async function appendRecord(header: RecordHeader | null, rows: Buffer): Promise<LogKind> {
    const deadlineMs = performance.now() + appendTimeoutMs;
    let cause: unknown;
    for (;;) {
      const current = producer;
      const partition = current && !stopping ? nextPartition(current) : null;
      const leftMs = deadlineMs - performance.now();
      if (!current || partition === null || leftMs <= 0)
        throw new LogUnavailableError('failed', 'Kafka did not acknowledge the record', { cause });
      try {
        await send(current, partition, header, rows, leftMs);
        return 'kafka';
      } catch (error) {
        cause = error;
        if (isAboutRecord(error))
          throw new LogUnavailableError('failed', 'Kafka refuses the record', { cause });
        sendFailed(current, partition, error);
      }
    }
  }

  /** @throws NotAcknowledgedError, LogMadeAnewError, LateError, or what kafkajs rejects with */
  async function send(
    to: ConnectedProducer,
    partition: number,
    header: RecordHeader | null,
    rows: Buffer,
    timeoutMs: number,
  ): Promise<void> {
    const floor = offsets.floor(partition);
    const results = await to.send(partition, header, rows, timeoutMs);
    const offset = acknowledgedOffset(results, to.topic.name, partition);
    offsets.acknowledged(partition, floor, offset);
    if (health.anyFailed()) health.succeeded(to.leaderOf(partition));
  }

  function sendFailed(of: ConnectedProducer, partition: number, error: unknown): void {
    if (error instanceof NotAcknowledgedError) {
      // Its broker is not to blame: kafkajs knows the topic otherwise than its admin client did.
      if (of === producer) absent.add(partition);
    } else if (error instanceof LogMadeAnewError) {
      logger.error('kafka_log_made_anew', { partition, err: error });
    } else {
      health.failed(of.leaderOf(partition), performance.now());
    }
    stayUntilMs = 0;
    if (of === producer) refreshSoon();
    update(error);
  }

  /** Looks whether appends are possible, and tells whoever wants to know of a change. */
  function update(cause?: unknown): void {
    const nowMs = performance.now();
    const current = producer;
    const usable = !stopping && current?.partitions.some((each) => isUsable(current, each, nowMs));
    if (usable) tell('up');
    else if (!stopping) tell(cause instanceof KafkaMisconfiguredError ? 'misconfigured' : 'away', cause);
    if (writable === Boolean(usable)) return;
    writable = Boolean(usable);
    for (const listener of listeners) listener(writable);
  }

  const tell = onChange<'up' | 'away' | 'misconfigured' | null, [unknown?]>(null, (state, cause) => {
    if (state === 'up') logger.info('kafka_reached', { brokers: producer?.topic.brokers });
    else if (state === 'away') logger.warn('kafka_away', { err: cause });
    else logger.error('kafka_misconfigured', { problems: (cause as KafkaMisconfiguredError).problems });
  });

  const tellWeaknesses = onChange<string, [readonly string[]]>('', (_, weaknesses) => {
    if (weaknesses.length > 0) logger.warn('kafka_weak', { weaknesses });
    else logger.info('kafka_sound');
  });

  function refreshSoon(pauseMs = probeMs): void {
    if (probe || connecting || stopping) return;
    probe = setTimeout(() => {
      probe = null;
      void refresh().catch(() => {}); // told by `update`
    }, pauseMs);
  }

  /** Makes a new producer in place of the one there is. */
  function refresh(): Promise<void> {
    connecting ??= connect().finally(() => {
      connecting = null;
      scheduleNext();
    });
    return connecting;
  }

  let failedToConnect: unknown = null;
  async function connect(): Promise<void> {
    try {
      const next = await access.connect();
      failedToConnect = null;
      if (stopping) return void (await next.close());
      replaceProducer(next);
      health.keepOnly(new Set(next.topic.partitions.map(({ leader }) => leader)));
      const { weaknesses } = next.topic;
      options.onWeaknesses?.(weaknesses);
      tellWeaknesses(weaknesses.join('; '), weaknesses);
      update();
    } catch (error) {
      failedToConnect = error;
      replaceProducer(null);
      update(error);
      throw error;
    }
  }

  /** After a look: when to look again, where that is needed. */
  function scheduleNext(): void {
    if (failedToConnect) {
      refreshSoon(failedToConnect instanceof KafkaMisconfiguredError ? misconfiguredPauseMs : probeMs);
      return;
    }
    const nowMs = performance.now();
    const untilMs = health.nextTryMs();
    if (untilMs !== null && untilMs > nowMs) refreshSoon(Math.max(probeMs, untilMs - nowMs));
    else if (producer && producer.partitions.length < producer.topic.partitions.length) refreshSoon();
  }

  function replaceProducer(next: ConnectedProducer | null): void {
    const old = producer;
    producer = next;
    absent = new Set();
    if (old) void closeIdle(old);
  }

  /** Whether the topic has got other partitions or leaders; then the producer is replaced by one that knows them. */
  async function look(): Promise<void> {
    const seen = producer;
    if (!seen || connecting || stopping) return;
    // Away: the appends tell.
    const now = await access.look().catch(() => null);
    if (now && producer === seen && shapeOf(now) !== shapeOf(seen.topic)) await refresh().catch(() => {});
  }

  async function open(): Promise<void> {
    try {
      // A hung broker must not hold up a start: what comes later is told by `writable`.
      await within(startMsMax, 'Kafka', refresh());
    } catch (error) {
      if (error instanceof KafkaMisconfiguredError) throw error;
      // Away: it goes on trying, and whoever appends is told.
    }
    looks = setInterval(() => void look(), lookEveryMs);
  }

  async function close(): Promise<void> {
    await start.settled();
    if (probe) clearTimeout(probe);
    if (looks) clearInterval(looks);
    await connecting?.catch(() => {});
    const last = producer;
    producer = null;
    if (last) await closeIdle(last);
  }

  const start = once(open);
  const stop = once(close);
  return {
    kind: 'kafka',
    append: appendRecord,
    appendRecord,
    get writable() {
      return writable;
    },
    onWritableChange: (listener) => void listeners.push(listener),
    start,
    stop() {
      stopping = true;
      update();
      return stop();
    },
  };
}

/** What a producer has to know of the topic, as text. */
function shapeOf({ clusterId, partitions }: Pick<TopicState, 'clusterId' | 'partitions'>): string {
  const leaders = partitions.map(({ partitionId, leader, isr }) => `${partitionId}:${leader}:${isr.length}`);
  return [clusterId, ...leaders.sort()].join(' ');
}

/** Lets what is in flight come to its end first. */
async function closeIdle(producer: ConnectedProducer): Promise<void> {
  const deadlineMs = performance.now() + closeWaitMsMax;
  while (producer.inFlight > 0 && performance.now() < deadlineMs)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await producer.close();
}

/** True where the record itself is refused: another broker would refuse it too. */
function isAboutRecord(error: unknown): boolean {
  return ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD'].includes(
    kafkaErrorType(error) ?? '',
  );
}
