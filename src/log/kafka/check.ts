/** One look at Kafka before anything is started, so that what only an operator mends is an error and no retry loop. */

import type { Settings } from '../../config/settings.ts';
import { within } from '../../system/waiting.ts';
import { backgroundPatience } from './client.ts';
import { connectProducer } from './connected-producer.ts';
import { KafkaMisconfiguredError } from './misconfigured-error.ts';
import { missingRights } from './rights.ts';

const lookMsMax = 5_000;

/** What has to be changed before Kafka can be used, one line each; none where it can, or is away just now. */
export async function kafkaProblems(settings: Settings): Promise<readonly string[]> {
  const clientId = 'usage-ingest-check';
  try {
    const options = { clientId, patience: backgroundPatience, inFlightMax: 1 };
    const producer = await within(lookMsMax, 'Kafka', connectProducer(settings, options));
    await producer.close();
    return await missingRights(settings, clientId, ['append', 'read']);
  } catch (error) {
    return error instanceof KafkaMisconfiguredError ? error.problems : [];
  }
}
