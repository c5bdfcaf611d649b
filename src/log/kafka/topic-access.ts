/**
 * How an appender reaches the topic. All that is kafkajs' own is behind this: what is made of the answers is decided
 * above it, so that the decisions can be run against brokers of another making, which are slow, stale or wrong at will.
 */

import type { Settings } from '../../config/settings.ts';
import type { Patience } from './client.ts';
import { type ConnectedProducer, connectProducer } from './connected-producer.ts';
import { KafkaMisconfiguredError } from './misconfigured-error.ts';
import { missingRights } from './rights.ts';
import { lookAtTopic, type TopicState } from './topic.ts';

export interface TopicAccess {
  /**
   * Connects, makes and checks the topic.
   * @throws KafkaMisconfiguredError for what waiting does not change; anything else where Kafka is away
   */
  connect(): Promise<ConnectedProducer>;
  /** The topic as it is now, nothing made, nothing checked. @throws where Kafka is away, or has no such topic */
  look(): Promise<Pick<TopicState, 'clusterId' | 'partitions'>>;
}

export function kafkaTopicAccess(options: {
  settings: Settings;
  clientId: string;
  patience: Patience;
}): TopicAccess {
  const { settings, clientId, patience } = options;
  let hasRights = false;

  /** Until they were there once: later the appends themselves tell. */
  async function checkRights(): Promise<void> {
    const problems = hasRights ? [] : await missingRights(settings, clientId, ['append']);
    hasRights = problems.length === 0;
    if (!hasRights) throw new KafkaMisconfiguredError(problems);
  }

  return {
    async connect() {
      const inFlightMax = settings.USAGE_KAFKA_IN_FLIGHT_MAX;
      const producer = await connectProducer(settings, { clientId, patience, inFlightMax });
      try {
        await checkRights();
      } catch (error) {
        void producer.close();
        throw error;
      }
      return producer;
    },
    look: () => lookAtTopic(settings, clientId, patience),
  };
}
