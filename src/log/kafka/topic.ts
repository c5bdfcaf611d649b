/**
 * The topic: made where it is missing, and its settings held against what the promise needs. What makes it
 * impossible is an error, what makes it weak is reported.
 */

import kafkajs, { type Admin, type PartitionMetadata } from 'kafkajs';
import type { Settings } from '../../config/settings.ts';
import { within } from '../../system/waiting.ts';
import { createKafkaClient, type Patience } from './client.ts';
import { KafkaMisconfiguredError, kafkaErrorType, translateKafkaError } from './misconfigured-error.ts';

export interface TopicState {
  readonly name: string;
  readonly clusterId: string;
  readonly brokers: number;
  readonly partitions: readonly PartitionMetadata[];
  /** The topic's settings; null where the right to see them is missing. */
  readonly configuration: ReadonlyMap<string, string> | null;
  /** One line for each setting that weakens the promise; empty where there is none. */
  readonly weaknesses: readonly string[];
}

const askMsMax = 10_000;
const hourMs = 3_600_000;
/** Beyond the rows: headers, and the framing of a batch of one record. */
const framingBytes = 8_192;
/** A group is closed when it has reached its bound: the last usage may stand above it. */
const lastUsageBytes = 16_384;
/** Less retention than this, and a weekend without a database loses data. */
const retentionHoursMin = 72;

/**
 * Makes the topic where it is missing and looks at it.
 * @throws KafkaMisconfiguredError for what waiting does not mend; kafkajs' own errors where Kafka is away
 */
export async function prepareTopic(admin: Admin, settings: Settings): Promise<TopicState> {
  const topic = settings.USAGE_KAFKA_TOPIC;
  try {
    const cluster = await admin.describeCluster();
    const partitions = await existingPartitions(admin, topic).then(
      async (found) => found ?? (await makeTopic(admin, settings)),
    );
    const configuration = await topicConfiguration(admin, topic);
    const problems = configuration ? findProblems(settings, configuration) : [];
    if (problems.length > 0) throw new KafkaMisconfiguredError(problems);
    return {
      name: topic,
      clusterId: cluster.clusterId,
      brokers: cluster.brokers.length,
      partitions,
      configuration,
      weaknesses: findWeaknesses(topic, partitions, configuration),
    };
  } catch (error) {
    throw translateKafkaError(error, topic);
  }
}

/**
 * Uses an admin client of its own for one question.
 * @throws KafkaMisconfiguredError, or kafkajs' own errors where Kafka is away
 */
export async function askAdmin<T>(
  settings: Settings,
  clientId: string,
  patience: Patience,
  question: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = createKafkaClient(settings, clientId, patience).admin();
  try {
    return await within(
      askMsMax,
      'Kafka',
      admin.connect().then(() => question(admin)),
    );
  } catch (error) {
    throw translateKafkaError(error, settings.USAGE_KAFKA_TOPIC);
  } finally {
    void within(askMsMax, 'Kafka', admin.disconnect()).catch(() => {});
  }
}

/** The topic as it is now. @throws where Kafka is away, or has no such topic */
export function lookAtTopic(
  settings: Settings,
  clientId: string,
  patience: Patience,
): Promise<Pick<TopicState, 'clusterId' | 'partitions'>> {
  const topic = settings.USAGE_KAFKA_TOPIC;
  return askAdmin(settings, clientId, patience, async (admin) => {
    const { clusterId } = await admin.describeCluster();
    const partitions = await existingPartitions(admin, topic);
    if (!partitions) throw new Error(`there is no topic ${topic}`);
    return { clusterId, partitions };
  });
}

/** Null where there is no such topic. (Admin clients of kafkajs make none by asking.) */
async function existingPartitions(admin: Admin, topic: string): Promise<PartitionMetadata[] | null> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions ?? null;
  } catch (error) {
    if (kafkaErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return null;
    throw error;
  }
}

async function makeTopic(admin: Admin, settings: Settings): Promise<PartitionMetadata[]> {
  const topic = settings.USAGE_KAFKA_TOPIC;
  const configEntries = [
    { name: 'retention.ms', value: String(settings.USAGE_KAFKA_RETENTION_HOURS * hourMs) },
    { name: 'cleanup.policy', value: 'delete' },
    // Retention by the broker's clock: by a server's, one that is behind has records removed unread, and one that is
    // ahead has them refused.
    { name: 'message.timestamp.type', value: 'LogAppendTime' },
    // What the topic holds can be read, whatever codec somebody else sends in; our own records are left as they come.
    {
      name: 'compression.type',
      value: settings.USAGE_KAFKA_COMPRESSION === 'gzip' ? 'gzip' : 'uncompressed',
    },
  ];
  if (settings.USAGE_KAFKA_MIN_INSYNC_REPLICAS !== undefined)
    configEntries.push({
      name: 'min.insync.replicas',
      value: String(settings.USAGE_KAFKA_MIN_INSYNC_REPLICAS),
    });
  // False: another process was quicker, which is as good.
  await admin.createTopics({
    topics: [
      {
        topic,
        numPartitions: settings.USAGE_KAFKA_PARTITIONS,
        replicationFactor: settings.USAGE_KAFKA_REPLICATION ?? -1,
        configEntries,
      },
    ],
  });
  const partitions = await existingPartitions(admin, topic);
  if (!partitions) throw new Error(`topic ${topic} was made and is not there yet`);
  return partitions;
}

async function topicConfiguration(admin: Admin, topic: string): Promise<Map<string, string> | null> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
    });
    return new Map(
      resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]),
    );
  } catch (error) {
    if (kafkaErrorType(error) === 'TOPIC_AUTHORIZATION_FAILED') return null; // reported as a weakness
    throw error;
  }
}

/** What makes the log impossible. */
function findProblems(settings: Settings, configuration: ReadonlyMap<string, string>): string[] {
  const topic = settings.USAGE_KAFKA_TOPIC;
  const problems: string[] = [];
  if (configuration.get('cleanup.policy')?.includes('compact'))
    problems.push(
      `topic ${topic} has cleanup.policy=compact, which removes records: set cleanup.policy=delete`,
    );
  const compression = configuration.get('compression.type') ?? 'producer';
  if (!['producer', 'uncompressed', 'gzip'].includes(compression))
    problems.push(
      `topic ${topic} has compression.type=${compression}, which this server cannot read: set producer, gzip or uncompressed`,
    );
  const bytesMax = Number(configuration.get('max.message.bytes') ?? Number.POSITIVE_INFINITY);
  const wanted = settings.USAGE_GROUP_BYTES_MAX + lastUsageBytes + framingBytes;
  if (bytesMax < wanted)
    problems.push(
      `topic ${topic} has max.message.bytes=${bytesMax}, and records may take ${wanted}: raise it, or lower USAGE_GROUP_BYTES_MAX`,
    );
  return problems;
}

function findWeaknesses(
  topic: string,
  partitions: readonly PartitionMetadata[],
  configuration: ReadonlyMap<string, string> | null,
): string[] {
  const weaknesses: string[] = [];
  const replication = Math.min(...partitions.map(({ replicas }) => replicas.length));
  if (replication < 3)
    weaknesses.push(
      `topic ${topic} has ${replication} replica(s) a partition: 3 survive the loss of a broker`,
    );
  if (!configuration)
    return [...weaknesses, `the settings of topic ${topic} cannot be seen: grant DESCRIBE_CONFIGS on it`];
  const inSyncMin = Number(configuration.get('min.insync.replicas') ?? 1);
  if (inSyncMin < 2)
    weaknesses.push(
      `topic ${topic} has min.insync.replicas=${inSyncMin}: with 2 an acknowledged record is on two brokers`,
    );
  if (replication > 1 && inSyncMin >= replication)
    weaknesses.push(
      `topic ${topic} has min.insync.replicas=${inSyncMin} of ${replication} replicas: the loss of one broker stops appends`,
    );
  if (configuration.get('unclean.leader.election.enable') === 'true')
    weaknesses.push(
      `topic ${topic} has unclean.leader.election.enable=true: a leader may lack acknowledged records`,
    );
  if (configuration.get('message.timestamp.type') !== 'LogAppendTime')
    weaknesses.push(
      `topic ${topic} has message.timestamp.type=CreateTime: with a server's clock behind, Kafka removes records unread; with one ahead, it refuses them: set LogAppendTime`,
    );
  if (configuration.get('compression.type') === 'producer')
    weaknesses.push(
      `topic ${topic} has compression.type=producer: one message in a codec that this server cannot read stops its partition: set uncompressed or gzip`,
    );
  const retentionMs = Number(configuration.get('retention.ms') ?? -1);
  if (retentionMs >= 0 && retentionMs < retentionHoursMin * hourMs)
    weaknesses.push(
      `topic ${topic} has retention.ms=${retentionMs}: records that are not stored within it are lost`,
    );
  const retentionBytes = Number(configuration.get('retention.bytes') ?? -1);
  if (retentionBytes >= 0)
    weaknesses.push(
      `topic ${topic} has retention.bytes=${retentionBytes}: records are removed by size, stored or not`,
    );
  return weaknesses;
}

/** Partitions that can acknowledge an append now: a leader, and enough replicas in sync. */
export function appendablePartitions(topic: Pick<TopicState, 'configuration' | 'partitions'>): number[] {
  const inSyncMin = Number(topic.configuration?.get('min.insync.replicas') ?? 1);
  return topic.partitions
    .filter(({ leader, isr }) => leader >= 0 && isr.length >= inSyncMin)
    .map(({ partitionId }) => partitionId);
}
