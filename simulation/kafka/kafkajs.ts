/**
 * `kafkajs` 2.2.4 with the virtual cluster at the other end, as far as the product uses it, with what it is known to do
 * wrong: a send to a partition that its metadata lacks resolves with nothing sent; an offset out of range is answered
 * by starting elsewhere; it knows no topic ids. Its errors are the real ones.
 */

import real from 'kafkajs';
import { thisProcess, world } from '../world/world.ts';
import type { KafkaCluster, PartitionView } from './cluster.ts';
import { inSyncMin } from './cluster.ts';
import { VirtualConsumer } from './kafkajs-consumer.ts';

const errors = real as unknown as Record<string, new (...args: never[]) => Error>;
type Make = (message: string | object, more?: object) => Error;
const makes =
  (name: string): Make =>
  (...args) =>
    new (errors[name] as new (...each: unknown[]) => Error)(...args);

export const connectionError = makes('KafkaJSConnectionError');
const timeoutError = makes('KafkaJSRequestTimeoutError');
const metadataNotLoaded = makes('KafkaJSMetadataNotLoaded');

/** Codes of the protocol that are met here. */
const codes: Readonly<Record<string, number>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_FOR_PARTITION: 6,
  NOT_ENOUGH_REPLICAS: 19,
};

export function protocolError(type: string): Error {
  return makes('KafkaJSProtocolError')({ message: type, type, code: codes[type], retriable: true });
}

export interface ClientOptions {
  /** `simulated:<id + 1>`, one or more. */
  readonly brokers: readonly string[];
  readonly socketFactory: (to: { host: string; port: number; onConnect: () => void }) => unknown;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
}

/** Resolves at a broker that answers. @throws where none does in time */
export function reach(options: ClientOptions): Promise<void> {
  const { kafka, scheduler } = world();
  return new Promise((resolve, reject) => {
    const isAnyHung = kafka.brokers.some((broker) => broker.isUp && kafka.isHung(broker));
    // It asks one broker after the other; a hung one costs its time-out.
    const meetsHung = isAnyHung && kafka.chance.chance(0.4);
    const delayMs = meetsHung ? options.requestTimeout : kafka.latencyMs();
    scheduler.after(delayMs, () => {
      if (!kafka.isReachable)
        return reject(connectionError('Connection error: connect ECONNREFUSED', { broker: 'simulated' }));
      if (kafka.happens('loseRequest'))
        return reject(connectionError('Connection error: closed', { broker: 'simulated' }));
      resolve();
    });
  });
}

interface ProducerRecord {
  readonly topic: string;
  readonly acks: number;
  readonly messages: readonly Message[];
}

/** It belongs to the caller, who may change it while the send is under way. */
interface Message {
  readonly partition: number;
  readonly headers: Record<string, string>;
  readonly value: Buffer | null;
}

interface RecordMetadata {
  readonly topicName: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: string;
  readonly logAppendTime: string;
  readonly logStartOffset: string;
}

class VirtualProducer {
  readonly #options: ClientOptions;
  /** As it was when it was looked at last. */
  #metadata: PartitionView[] | null = null;
  #hasMetadata = false;
  #isClosed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async connect(): Promise<void> {
    await reach(this.#options);
  }

  async disconnect(): Promise<void> {
    this.#isClosed = true;
    await reach(this.#options).catch(() => {});
  }

  async send({ topic, messages }: ProducerRecord): Promise<RecordMetadata[]> {
    if (this.#isClosed) throw connectionError('The producer is disconnected');
    const { kafka } = world();
    const [message] = messages;
    if (!message || messages.length !== 1)
      throw new Error('the simulated producer sends one message at a time');
    if (!this.#hasMetadata) await this.#refresh();
    const metadata = this.#metadata;
    if (!metadata) {
      await this.#refresh();
      throw metadataNotLoaded('Producing to topic without metadata', { topic });
    }
    const known = metadata.find(({ partitionId }) => partitionId === message.partition);
    if (!known) return [];
    try {
      const offset = await this.#produce(kafka, known, message);
      return [
        {
          topicName: topic,
          partition: message.partition,
          errorCode: 0,
          baseOffset: String(offset),
          logAppendTime: '-1',
          logStartOffset: '0',
        },
      ];
    } catch (error) {
      await this.#refresh().catch(() => {});
      throw error;
    }
  }

  async #refresh(): Promise<void> {
    await reach(this.#options);
    this.#metadata = world().kafka.view();
    this.#hasMetadata = true;
  }

  /** Resolves with the offset; what was rejected may have been appended, or be appended later. */
  #produce(kafka: KafkaCluster, { leader, partitionId }: PartitionView, message: Message): Promise<number> {
    const { scheduler } = world();
    const process = thisProcess();
    let sent: Buffer | null = null;
    return new Promise((resolve, reject) => {
      const timer = scheduler.after(this.#options.requestTimeout, () =>
        reject(
          timeoutError('Request Produce timed out', {
            broker: 'simulated',
            createdAt: 0,
            sentAt: 0,
            pendingDuration: 0,
          }),
        ),
      );
      const tell = (error: Error | null, offset = -1) =>
        scheduler.after(
          kafka.latencyMs(),
          () => {
            scheduler.clear(timer);
            if (error) reject(error);
            else resolve(offset);
          },
          process,
        );
      const arrive = () => {
        // The request is made of the message when the connection takes it, which may be later than the call.
        sent ??= message.value === null ? null : Buffer.from(message.value);
        const broker = kafka.brokers[leader];
        if (!broker?.isUp)
          return tell(connectionError('Connection error: connect ECONNREFUSED', { broker: 'simulated' }));
        if (kafka.isHung(broker)) {
          // It reads what waits in its socket when it goes on.
          if (kafka.chance.chance(0.7)) scheduler.after(broker.hungUntilMs - scheduler.nowMs, arrive, null);
          return;
        }
        if (kafka.happens('loseRequest'))
          return tell(connectionError('Connection error: closed', { broker: 'simulated' }));
        const log = kafka.topic?.partitions[partitionId];
        if (!log) return tell(protocolError('UNKNOWN_TOPIC_OR_PARTITION'));
        if (log.leader !== leader) return tell(protocolError('NOT_LEADER_FOR_PARTITION'));
        if (log.isr.length < inSyncMin) return tell(protocolError('NOT_ENOUGH_REPLICAS'));
        const record = kafka.append(log, sent, { ...message.headers });
        scheduler.after(
          kafka.latencyMs(),
          () => {
            // The topic may be another by now, or the leader.
            if (kafka.topic?.partitions[partitionId] !== log || !kafka.replicate(log, record))
              return tell(connectionError('Connection error: closed', { broker: 'simulated' }));
            if (kafka.happens('loseAnswer'))
              return tell(connectionError('Connection error: closed', { broker: 'simulated' }));
            tell(null, record.offset);
          },
          null,
        );
      };
      scheduler.after(kafka.latencyMs(), arrive, null);
    });
  }
}

interface TopicToMake {
  readonly topics: readonly { readonly topic: string; readonly numPartitions: number }[];
}

const topicConfiguration: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'compression.type': 'producer',
  'max.message.bytes': '1048588',
  'min.insync.replicas': String(inSyncMin),
  'unclean.leader.election.enable': 'false',
  'message.timestamp.type': 'LogAppendTime',
  'retention.ms': '2592000000',
  'retention.bytes': '-1',
};

class VirtualAdmin {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async connect(): Promise<void> {
    const { kafka } = world();
    await reach(this.#options);
    const ids = this.#options.brokers.map((broker) => Number(broker.split(':')[1]) - 1);
    const answering = ids.filter((id) => kafka.answers(id));
    if (answering.length === 0)
      throw connectionError('Connection error: connect ECONNREFUSED', { broker: 'simulated' });
    const port = kafka.chance.pick(answering) + 1;
    this.#options.socketFactory({ host: 'simulated', port, onConnect: () => {} });
  }

  async disconnect(): Promise<void> {
    await reach(this.#options).catch(() => {});
  }

  async describeCluster() {
    await reach(this.#options);
    const { kafka } = world();
    return {
      clusterId: kafka.clusterId,
      controller: 0,
      brokers: kafka.brokers
        .filter(({ isUp }) => isUp)
        .map(({ id }) => ({ nodeId: id, host: 'simulated', port: id })),
    };
  }

  async fetchTopicMetadata({ topics }: { topics: readonly string[] }) {
    await reach(this.#options);
    const partitions = world().kafka.view();
    if (!partitions) throw protocolError('UNKNOWN_TOPIC_OR_PARTITION');
    return { topics: [{ name: topics[0]!, partitions }] };
  }

  async createTopics({ topics }: TopicToMake): Promise<boolean> {
    await reach(this.#options);
    const { kafka } = world();
    if (kafka.topic) return false;
    kafka.makeTopic(topics[0]!.numPartitions);
    return true;
  }

  async describeConfigs() {
    await reach(this.#options);
    const configEntries = Object.entries(topicConfiguration).map(([configName, configValue]) => ({
      configName,
      configValue,
    }));
    return { resources: [{ configEntries }] };
  }

  async fetchTopicOffsets() {
    await reach(this.#options);
    const { kafka } = world();
    if (!kafka.topic) throw protocolError('UNKNOWN_TOPIC_OR_PARTITION');
    return kafka.topic.partitions.map((log) => {
      if (!kafka.answers(log.leader)) throw protocolError('LEADER_NOT_AVAILABLE');
      return {
        partition: log.number,
        offset: String(log.highWatermark),
        high: String(log.highWatermark),
        low: String(log.first),
      };
    });
  }

  async fetchOffsets({ topics }: { topics: readonly string[] }) {
    await reach(this.#options);
    const { committed } = world().kafka.group;
    return topics.map((topic) => ({
      topic,
      partitions: [...committed].map(([partition, offset]) => ({ partition, offset: String(offset) })),
    }));
  }
}

export class Kafka {
  readonly #options: ClientOptions;
  constructor(options: ClientOptions) {
    this.#options = options;
  }
  admin(): VirtualAdmin {
    return new VirtualAdmin(this.#options);
  }
  producer(): VirtualProducer {
    return new VirtualProducer(this.#options);
  }
  consumer(options: ConstructorParameters<typeof VirtualConsumer>[1]): VirtualConsumer {
    return new VirtualConsumer(this.#options, options);
  }
}

export default { ...(real as object), Kafka };
