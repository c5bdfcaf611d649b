/** The writer as a process of its own: the log (Kafka's, or the local one of DATA_DIR) into the database of DATABASE_URL. */

import { join } from 'node:path';
import { ConfigError } from '../config/config-error.ts';
import { createKafkaReader } from '../log/kafka/reader.ts';
import { createLocalReader } from '../log/local/reader.ts';
import { runRole } from '../role/run-role.ts';
import { createWriter } from './writer.ts';
import { createWriterMetrics } from './writer-metrics.ts';
import { yieldCpu } from './yield-cpu.ts';

await runRole('writer', ({ settings, worker, logger }) => {
  // The supervisor names the embedded one here, too.
  const databaseUrl = settings.DATABASE_URL;
  if (databaseUrl === undefined) {
    throw new ConfigError([
      'DATABASE_URL is not set, and the writer alone needs it: "usage-ingest database-url" prints that of the embedded one',
    ]);
  }
  const onSessionOpened = yieldCpu(settings, logger);
  const shared = { settings, databaseUrl, logger, metrics: createWriterMetrics(worker), onSessionOpened };
  if (settings.KAFKA_BROKERS !== undefined) {
    const reader = createKafkaReader({ settings, clientId: 'usage-ingest-writer', logger });
    return createWriter({ ...shared, reader });
  }
  const reader = createLocalReader({
    logDir: join(settings.DATA_DIR, 'log'),
    keepHours: settings.USAGE_LOG_KEEP_HOURS,
    bytesMax: settings.USAGE_LOCAL_LOG_BYTES_MAX,
    segmentBytes: settings.USAGE_LOG_SEGMENT_BYTES,
    logger,
  });
  return createWriter({ ...shared, reader, logBytes: reader.bytes });
});
