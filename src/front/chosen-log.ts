/** The log that a front appends to: the local one, or Kafka with the local one as its spool. */

import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { createFailoverAppender } from '../log/failover.ts';
import { createKafkaAppender } from '../log/kafka/appender.ts';
import { frontPatience } from '../log/kafka/client.ts';
import { createLocalAppender } from '../log/local/appender.ts';
import type { LogAppender } from '../log/log.ts';
import { createMetrics } from '../observability/metrics.ts';
import type { RoleContext } from '../role/run-role.ts';

export interface ChosenLog {
  readonly appender: LogAppender;
  readonly appendsInFlightMax: number;
  /** Metrics of its own; null where it has none. */
  readonly registry: Registry | null;
}

export function chooseLog(context: RoleContext): ChosenLog {
  const { settings } = context;
  if (settings.KAFKA_BROKERS === undefined)
    return { appender: localAppender(context), appendsInFlightMax: 1, registry: null };
  return kafkaLog(context);
}

function localAppender({ settings, worker, logger }: RoleContext): LogAppender {
  return createLocalAppender({
    logDir: join(settings.DATA_DIR, 'log'),
    slot: worker,
    segmentBytes: settings.USAGE_LOG_SEGMENT_BYTES,
    bytesMax: settings.USAGE_LOCAL_LOG_BYTES_MAX,
    logger,
  });
}

function kafkaLog(context: RoleContext): ChosenLog {
  const { settings, worker, logger } = context;
  const { registry, metric } = createMetrics(['usage_kafka_up', 'usage_kafka_weak', 'usage_spooled_total']);
  const labels = { role: 'front', worker: String(worker) };
  const log = 'local';
  metric.usage_kafka_up.set(labels, 0);
  metric.usage_spooled_total.inc({ log }, 0);
  const kafka = createKafkaAppender({
    settings,
    clientId: `usage-ingest-front-${worker}`,
    patience: frontPatience,
    appendTimeoutMs: settings.USAGE_KAFKA_APPEND_TIMEOUT_MS,
    logger,
    onWeaknesses: (weaknesses) => metric.usage_kafka_weak.set(labels, weaknesses.length),
  });
  const appender = createFailoverAppender({
    kafka,
    local: settings.USAGE_SPOOL === 'on' ? localAppender(context) : null,
    onSpooled: (usages) => metric.usage_spooled_total.inc({ log }, usages),
    onKafkaUp: (up) => metric.usage_kafka_up.set(labels, up ? 1 : 0),
  });
  return { appender, appendsInFlightMax: settings.USAGE_KAFKA_IN_FLIGHT_MAX, registry };
}
