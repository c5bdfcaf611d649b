/** What waiting does not mend: settings, rights, the topic's own configuration. */

import kafkajs from 'kafkajs';
import { ConfigError } from '../../config/config-error.ts';

// Node finds no named exports of these in kafkajs, which is CommonJS.
const { KafkaJSAggregateError, KafkaJSProtocolError } = kafkajs;

/** Trying again is of no use: someone must change a setting, a right or the topic. Lists every problem found. */
export class KafkaMisconfiguredError extends ConfigError {
  override readonly name = 'KafkaMisconfiguredError';
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems, options);
    this.message = problems.join('; ');
  }
}

/** Errors of the protocol that only an operator ends, with what to do. `TOPIC` stands for the topic's name. */
const refusals: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED:
    'Kafka denies access to topic TOPIC: grant DESCRIBE, DESCRIBE_CONFIGS, READ and WRITE on it, and CREATE where it is to be made',
  CLUSTER_AUTHORIZATION_FAILED:
    'Kafka denies what making topic TOPIC needs: grant CREATE, or make the topic beforehand',
  GROUP_AUTHORIZATION_FAILED: "Kafka denies the consumer group: grant READ on the writers' group",
  SASL_AUTHENTICATION_FAILED: 'Kafka does not accept USAGE_KAFKA_USER and USAGE_KAFKA_PASSWORD',
  UNSUPPORTED_SASL_MECHANISM: 'Kafka does not offer the mechanism of USAGE_KAFKA_SASL',
  INVALID_REPLICATION_FACTOR:
    'Kafka cannot make topic TOPIC with this replication: set USAGE_KAFKA_REPLICATION to at most the number of brokers',
  INVALID_CONFIG: 'Kafka refuses the configuration that topic TOPIC is to be made with',
  POLICY_VIOLATION: 'a policy of the cluster refuses topic TOPIC as it is to be made: make it beforehand',
  INVALID_TOPIC_EXCEPTION: 'Kafka refuses the name of topic TOPIC: see USAGE_KAFKA_TOPIC',
  UNSUPPORTED_COMPRESSION_TYPE: 'Kafka refuses the compression: see USAGE_KAFKA_COMPRESSION',
};

/** The same error where it is of the passing kind; else a KafkaMisconfiguredError that says what to do. */
export function translateKafkaError(error: unknown, topic: string): unknown {
  for (const each of causesOf(error)) {
    if (each instanceof KafkaMisconfiguredError) return each;
    const text = refusals[protocolType(each) ?? ''] ?? authenticationRefusal(each);
    if (text) return new KafkaMisconfiguredError([text.replaceAll('TOPIC', topic)], { cause: error });
  }
  return error;
}

/** The protocol's name of an error, such as MESSAGE_TOO_LARGE, wherever in its causes it stands; else undefined. */
export function kafkaErrorType(error: unknown): string | undefined {
  return causesOf(error).map(protocolType).find(Boolean);
}

function protocolType(error: unknown): string | undefined {
  return error instanceof KafkaJSProtocolError ? error.type : undefined;
}

/** kafkajs tells a failed login by its own class, without the protocol's type. */
function authenticationRefusal(error: unknown): string | undefined {
  if ((error as Error).name !== 'KafkaJSSASLAuthenticationError') return undefined;
  return /not supported/i.test((error as Error).message)
    ? refusals.UNSUPPORTED_SASL_MECHANISM
    : refusals.SASL_AUTHENTICATION_FAILED;
}

/** How deep errors are looked into: kafkajs wraps three or four times. */
const depthMax = 8;

function causesOf(error: unknown, depth = 0): unknown[] {
  if (!(error instanceof Error) || depth > depthMax) return [];
  const within = error instanceof KafkaJSAggregateError ? error.errors : [];
  return [error, ...[error.cause, ...within].flatMap((each) => causesOf(each, depth + 1))];
}
