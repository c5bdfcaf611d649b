/** One of the two servers that `kafka-front-cpu.ts` compares: a front over the local log, or over Kafka. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from '../src/config/settings.ts';
import { createFront } from '../src/front/front.ts';
import { createFrontLog } from '../src/front/front-log.ts';
import { silentLogger } from '../src/observability/logger.ts';

const folder = await mkdtemp(join(tmpdir(), 'kafka-front-cpu-'));
const isKafka = process.argv[2] === 'kafka';
const settings = settingsSchema.parse({
  DATA_DIR: folder,
  ...(isKafka ? { KAFKA_BROKERS: process.env.KAFKA_BROKERS, USAGE_KAFKA_TOPIC: `bench-${process.pid}` } : {}),
});
const ready = { ready: true, reason: '' };
const { appender, appendsInFlightMax, registry } = createFrontLog({
  settings,
  role: 'front',
  worker: 0,
  logger: silentLogger,
  readiness: () => ready,
  tellAppendable() {},
});
await appender.start();
const front = createFront({
  host: '127.0.0.1',
  port: 0,
  settings,
  appender,
  appendsInFlightMax,
  logger: silentLogger,
  readiness: () => ready,
  worker: 0,
});
await front.start();

process.on('message', async (message) => {
  if (message === 'stop') {
    await front.stop();
    await appender.stop();
    await rm(folder, { recursive: true });
    process.exit(0);
  }
  const { user, system } = process.cpuUsage();
  const spooled = (await registry?.getSingleMetric('usage_spooled_total')?.get())?.values[0]?.value ?? 0;
  const groups = (await front.registry.getMetricsAsJSON()).find(({ name }) => name === 'usage_append_usages');
  const values = (groups?.values ?? []) as { metricName?: string; value: number }[];
  const appends = values.find(({ metricName }) => metricName?.endsWith('_count'));
  process.send!({ cpuUs: user + system, spooled, appends: appends?.value ?? 0 });
});
process.send!({ port: front.port });
