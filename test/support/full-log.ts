/** A server whose log can be made full: a small one, whose Postgres is away until the test lets it back. */

import { randomUUID } from 'node:crypto';
import type { Instance } from './instance.ts';
import { until } from './until.ts';

/** Settings of a log that a few requests fill. */
export const smallLog: Readonly<Record<string, string>> = {
  USAGE_FRONTS: '1',
  USAGE_LOG_SEGMENT_BYTES: '4096',
  USAGE_LOCAL_LOG_BYTES_MAX: '65536',
  USAGE_LOG_KEEP_HOURS: '0',
};

/** Posts until the server answers 503. @returns the ids that were acknowledged */
export async function fillLog(instance: Instance): Promise<string[]> {
  const acknowledged: string[] = [];
  await until(
    async () => {
      const id = randomUUID();
      const usage = { id, patientId: 'fills', medication: 'x'.repeat(200), timestamp: 1_478_009_511_000 };
      const response = await fetch(`${instance.url}/api/usages`, {
        method: 'POST',
        body: JSON.stringify(usage),
      });
      await response.arrayBuffer();
      if (response.status === 201) acknowledged.push(id);
      else if (response.status !== 503) throw new Error(`answered ${response.status}`);
      return response.status === 503;
    },
    { what: 'the log is full' },
  );
  return acknowledged;
}
