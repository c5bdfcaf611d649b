/**
 * What our user may do with the topic and the group, asked without doing it: a missing right shows at the start and
 * not at the first append. kafkajs does not ask this (its metadata requests end at version 6), so two requests go
 * over a connection that it has opened and authenticated; it ignores answers that are not its own.
 *
 * - Metadata version 8 tells the operations allowed on a topic (KIP-430, Kafka 2.3).
 * - A heartbeat of no member changes nothing, and whoever may not READ the group is told so before anything else.
 */

import type { Socket } from 'node:net';
import type { Settings } from '../../config/settings.ts';
import { within } from '../../system/waiting.ts';
import { backgroundPatience, createKafkaClient } from './client.ts';
import { askForGroupRight, askForTopicRights, groupDenied, topicOperations } from './raw-requests.ts';

export type RightsFor = 'append' | 'read';

const lookMsMax = 5_000;

/** The codes of AclOperation, which are bits of the answer. */
const operations = { READ: 3, WRITE: 4 } as const;

/**
 * One line for each right that is missing, with what to grant. Empty where none is, and where the broker does not
 * tell (it is away, or too old): then the first append or read will.
 */
export async function missingRights(
  settings: Settings,
  clientId: string,
  needs: readonly RightsFor[],
): Promise<readonly string[]> {
  let socket: Socket | undefined;
  const admin = createKafkaClient(settings, clientId, backgroundPatience, (made) => {
    socket = made;
  }).admin();
  try {
    return await within(
      lookMsMax,
      'Kafka',
      admin.connect().then(() => (socket ? lookAt(socket, settings, needs) : [])),
    );
  } catch {
    return []; // not known: see above
  } finally {
    void within(lookMsMax, 'Kafka', admin.disconnect()).catch(() => {});
  }
}

async function lookAt(socket: Socket, settings: Settings, needs: readonly RightsFor[]): Promise<string[]> {
  const { USAGE_KAFKA_TOPIC: topic, USAGE_KAFKA_GROUP: group } = settings;
  const missing: string[] = [];
  const allowed = topicOperations(await askForTopicRights(socket, topic));
  const isDenied = (operation: keyof typeof operations) =>
    allowed !== null && (allowed & (1 << operations[operation])) === 0;
  if (needs.includes('append') && isDenied('WRITE'))
    missing.push(`Kafka does not let us append to topic ${topic}: grant WRITE on it`);
  if (needs.includes('read') && isDenied('READ'))
    missing.push(`Kafka does not let us read topic ${topic}: grant READ on it`);
  if (needs.includes('read') && groupDenied(await askForGroupRight(socket, group)))
    missing.push(`Kafka does not let us join the consumer group ${group}: grant READ on it`);
  return missing;
}
