/** A writer in the test's own process, with small waits. */

import type { TestContext } from 'node:test';
import { settingsSchema } from '../../src/config/settings.ts';
import type { LogReader } from '../../src/log/log.ts';
import { createWriter } from '../../src/writer/writer.ts';
import { createWriterMetrics } from '../../src/writer/writer-metrics.ts';
import { closeAfter } from './close-after.ts';
import { type LoggedEvents, loggedEvents } from './logged-events.ts';

export interface TestWriter {
  readonly logged: LoggedEvents;
  /** The sum over labels of one metric, now. */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
}

/** Starts one, and stops it after the test. */
export async function startTestWriter(
  t: TestContext,
  reader: LogReader,
  databaseUrl: string,
  settings: Record<string, string> = {},
): Promise<TestWriter> {
  const logged = loggedEvents();
  const metrics = createWriterMetrics();
  const parsed = settingsSchema.parse({ USAGE_WRITER_LOCK_TIMEOUT_MS: '300', ...settings });
  const writer = createWriter({
    settings: parsed,
    reader,
    databaseUrl,
    logger: logged,
    metrics,
    probeEveryMs: 500,
  });
  closeAfter(t, () => writer.stop());
  await writer.start();
  return {
    logged,
    async metric(name) {
      const found = await metrics.registry.getSingleMetric(name)?.get();
      if (!found) throw new Error(`no metric ${name}`);
      return found.values.reduce((sum, { value }) => sum + value, 0);
    },
    stop: () => writer.stop(),
  };
}
