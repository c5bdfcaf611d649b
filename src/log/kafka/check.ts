/** One look at Kafka before anything is started, so that what only an operator mends is an error and no retry loop. */

import type { Settings } from '../../config/settings.ts';
import { backgroundPatience } from './client.ts';
import { connectLink, within } from './link.ts';
import { KafkaMisconfiguredError } from './misconfigured-error.ts';

const lookMsMax = 5_000;

/** What has to be changed before Kafka can be used, one line each; none where it can, or is away just now. */
export async function kafkaProblems(settings: Settings): Promise<readonly string[]> {
  try {
    const options = { clientId: 'usage-ingest-check', patience: backgroundPatience, inFlightMax: 1 };
    const link = await within(lookMsMax, connectLink(settings, options));
    await link.close();
    return [];
  } catch (error) {
    return error instanceof KafkaMisconfiguredError ? error.problems : [];
  }
}
