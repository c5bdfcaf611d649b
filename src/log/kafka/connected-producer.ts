/**
 * One connected producer with what was known of the topic when it connected. It is never repaired: after a failure
 * another one is connected beside it, because kafkajs may keep a socket that is stuck after a time-out
 * (tulios/kafkajs#919).
 */

import kafkajs, { type Producer } from 'kafkajs';
import type { Settings } from '../../config/settings.ts';
import { within } from '../../system/waiting.ts';
import type { RecordHeader } from '../record.ts';
import type { SendResult } from './acknowledgement.ts';
import { createKafkaClient, type Patience, retryOptions } from './client.ts';
import { translateKafkaError } from './misconfigured-error.ts';
import { encodeRecordHeaders } from './record-headers.ts';
import { appendablePartitions, prepareTopic, type TopicState } from './topic.ts';

export interface ConnectedProducer {
  readonly topic: TopicState;
  /** Partitions that could acknowledge when it connected. */
  readonly partitions: readonly number[];
  /** Sends in flight. */
  readonly inFlight: number;
  leaderOf(partition: number): number;
  /**
   * Resolves with what the brokers answered, whatever that is; `acknowledgedOffset` says whether it is an
   * acknowledgement of all in-sync replicas. A null header: the bytes go as they are. Once it settles, `rows` are the
   * caller's again, whether the record is still on its way or not.
   * @throws LateError after `timeoutMs`; whatever kafkajs rejects with
   */
  send(
    partition: number,
    header: RecordHeader | null,
    rows: Buffer,
    timeoutMs: number,
  ): Promise<readonly SendResult[]>;
  /** What is in flight is rejected. Never rejects itself. */
  close(): Promise<void>;
}

/** A hung broker must not hold up whoever waits for a producer. */
const connectMsMax = 10_000;
const closeMsMax = 3_000;

/**
 * Connects, makes and checks the topic.
 * @throws KafkaMisconfiguredError for what waiting does not mend; anything else where Kafka is away
 */
export async function connectProducer(
  settings: Settings,
  options: { clientId: string; patience: Patience; inFlightMax: number },
): Promise<ConnectedProducer> {
  const { patience } = options;
  const topicName = settings.USAGE_KAFKA_TOPIC;
  const kafka = createKafkaClient(settings, options.clientId, patience);
  const admin = kafka.admin({ retry: retryOptions({ ...patience, retries: 1 }) });
  const producer = kafka.producer({
    // Its idempotent producer can lose data (tulios/kafkajs#1005).
    idempotent: false,
    allowAutoTopicCreation: false,
    maxInFlightRequests: options.inFlightMax,
    // An append that fails is tried on another partition, by the appender.
    retry: retryOptions({ ...patience, retries: 0 }),
  });
  const connecting = (async () => {
    await admin.connect();
    const topic = await prepareTopic(admin, settings);
    await producer.connect();
    return topic;
  })();
  try {
    const topic = await within(connectMsMax, 'Kafka', connecting);
    return connectedProducer(settings, producer, topic);
  } catch (error) {
    void connecting.catch(() => {}).then(() => disconnect(producer));
    throw translateKafkaError(error, topicName);
  } finally {
    void disconnect(admin);
  }
}

function connectedProducer(settings: Settings, producer: Producer, topic: TopicState): ConnectedProducer {
  const topicName = settings.USAGE_KAFKA_TOPIC;
  const { GZIP, None } = kafkajs.CompressionTypes;
  const compression = settings.USAGE_KAFKA_COMPRESSION === 'gzip' ? GZIP : None;
  const leaders = new Map(topic.partitions.map(({ partitionId, leader }) => [partitionId, leader]));
  let inFlight = 0;
  return {
    topic,
    partitions: appendablePartitions(topic),
    get inFlight() {
      return inFlight;
    },
    leaderOf: (partition) => leaders.get(partition) ?? -1,
    async send(partition, header, rows, timeoutMs) {
      const message = { partition, headers: header ? encodeRecordHeaders(header, rows) : {}, value: rows };
      inFlight++;
      const sending = producer
        .send({ topic: topicName, acks: -1, compression, messages: [message] })
        .finally(() => inFlight--);
      try {
        return await within(timeoutMs, 'Kafka', sending);
      } catch (error) {
        // kafkajs makes its request of the message when it has a connection, which may be later than now.
        message.value = Buffer.from(rows);
        throw translateKafkaError(error, topicName);
      }
    },
    close: () => disconnect(producer),
  };
}

async function disconnect(client: { disconnect(): Promise<void> }): Promise<void> {
  // Its answer is of no use: the connection is given up either way.
  await within(closeMsMax, 'Kafka', client.disconnect()).catch(() => {});
}
