/**
 * The relay drains the local log, the spool of a Kafka that was away, into Kafka: every partition found, of this
 * start's fronts and of all that came before. It needs a database only for a gap (spool-gaps.ts).
 */

import { join } from 'node:path';
import type { Registry } from 'prom-client';
import type { Settings } from '../config/settings.ts';
import { createBacklogGauges, showLogBytes } from '../log/backlog-gauges.ts';
import { createKafkaAppender } from '../log/kafka/appender.ts';
import { backgroundPatience } from '../log/kafka/client.ts';
import type { LocalPartition } from '../log/local/partition-reader.ts';
import { ReadBuffers } from '../log/local/read-buffers.ts';
import { createLocalReader } from '../log/local/reader.ts';
import type { LogPartition } from '../log/log.ts';
import type { Logger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import { once } from '../system/once.ts';
import { createPartitionRelay, type PartitionRelay } from './partition-relay.ts';
import { createSpoolGaps } from './spool-gaps.ts';
import { createStoredBeforeKafka } from './stored-before-kafka.ts';

export interface Relay {
  readonly registry: Registry;
  /** @throws KafkaMisconfiguredError; a Kafka that is away is no error */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const gaugesEveryMs = 1_000;
const appendTimeoutMs = 10_000;

export function createRelay(options: { settings: Settings; logger: Logger }): Relay {
  const { settings, logger } = options;
  const logDir = join(settings.DATA_DIR, 'log');
  const { registry, metric } = createMetrics([
    'usage_kafka_up',
    'usage_relayed_total',
    'usage_log_backlog_records',
    'usage_log_oldest_seconds',
    'usage_log_bytes',
    'usage_log_bytes_max',
    'usage_log_gaps_total',
    'usage_partitions_stopped',
  ]);
  const reader = createLocalReader({
    logDir,
    keepHours: settings.USAGE_LOG_KEEP_HOURS,
    bytesMax: settings.USAGE_LOCAL_LOG_BYTES_MAX,
    segmentBytes: settings.USAGE_LOG_SEGMENT_BYTES,
    // A send that timed out may still hold what it was given, although another one was acknowledged since.
    buffers: new ReadBuffers(0),
    logger,
  });
  const appender = createKafkaAppender({
    settings,
    clientId: 'usage-ingest-relay',
    patience: backgroundPatience,
    appendTimeoutMs,
    logger,
  });
  const backlog = createBacklogGauges(reader, { metric }, logger);
  const gaps = createSpoolGaps({
    settings,
    source: () => reader.source,
    logger,
    onAdded: () => metric.usage_log_gaps_total.inc(),
  });
  const stored = createStoredBeforeKafka({ settings, source: () => reader.source });
  const relays = new Map<PartitionRelay, LogPartition>();
  const stoppedReasons = new Map<LogPartition, string>();
  const running = new Set<Promise<void>>();
  let gauges: NodeJS.Timeout | null = null;
  let showing: Promise<void> = Promise.resolve();

  const up = { role: 'relay', worker: '0' };
  appender.onWritableChange((writable) => metric.usage_kafka_up.set(up, writable ? 1 : 0));

  function take(partition: LocalPartition): void {
    const task = relayPartition(partition);
    running.add(task);
    void task.finally(() => running.delete(task));
  }

  async function relayPartition(partition: LocalPartition): Promise<void> {
    const relay = createPartitionRelay({
      partition,
      appender,
      inFlightMax: settings.USAGE_KAFKA_IN_FLIGHT_MAX,
      logger,
      storedBefore: () => stored.position(partition),
      settleGap: (gap) => gaps.settle(partition.name, gap, partition.revoked),
      onRelayed: (usages) => metric.usage_relayed_total.inc(usages),
      onStopped: (reason) => showStopped(partition, reason),
    });
    relays.set(relay, partition);
    await relay.run();
    showStopped(partition, null);
    relays.delete(relay);
  }

  function showStopped(partition: LogPartition, reason: string | null): void {
    if (reason === null) stoppedReasons.delete(partition);
    else stoppedReasons.set(partition, reason);
    for (const each of ['gap', 'too_new', 'refused']) {
      const count = [...stoppedReasons.values()].filter((value) => value === each).length;
      metric.usage_partitions_stopped.set({ reason: each }, count);
    }
  }

  async function showBacklog(): Promise<void> {
    await backlog.show(relays);
    showLogBytes({ metric }, 'local', reader.bytes());
  }

  async function open(): Promise<void> {
    metric.usage_kafka_up.set(up, 0);
    await appender.start();
    await reader.start(take);
    gauges = setInterval(() => {
      showing = showing.then(showBacklog).catch((error) => logger.warn('backlog_unknown', { err: error }));
    }, gaugesEveryMs);
  }

  async function close(): Promise<void> {
    await start.settled();
    if (gauges) clearInterval(gauges);
    await showing;
    await reader.stop();
    await Promise.all(running);
    await appender.stop();
  }

  const start = once(open);
  return { registry, start, stop: once(close) };
}
