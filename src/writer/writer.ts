/**
 * The writer: takes every partition that its reader hands over and brings it into Postgres, exactly once in effect.
 * Postgres away at the start, or for days, is a state and no error: it tries again forever.
 */

import type { Registry } from 'prom-client';
import type { Settings } from '../config/settings.ts';
import { createBacklogGauges, showLogBytes } from '../log/backlog-gauges.ts';
import type { LogPartition, LogReader } from '../log/log.ts';
import type { Logger } from '../observability/logger.ts';
import { createTrouble } from '../observability/told.ts';
import { migrate } from '../postgres/migrate.ts';
import { type Connect, connector } from '../postgres/sql-client.ts';
import { forgetPositions } from '../store/forget-positions.ts';
import { createMonths } from '../store/months.ts';
import { createSessions, SessionsStoppedError } from '../store/sessions.ts';
import { once } from '../system/once.ts';
import { pause } from '../system/waiting.ts';
import { utcMonth } from '../usage/calendar.ts';
import { tellLeftInKafka } from './left-in-kafka.ts';
import type { PartitionContext } from './partition-context.ts';
import { createPartitionHealth } from './partition-health.ts';
import { createPartitionWriter, type PartitionWriter } from './partition-writer.ts';
import { createPositionWatch } from './position-watch.ts';
import { createWriterMetrics, type WriterMetrics } from './writer-metrics.ts';

export interface WriterOptions {
  readonly settings: Pick<
    Settings,
    | 'USAGE_WRITER_CONNECTIONS'
    | 'USAGE_WRITER_BATCH_BYTES_MAX'
    | 'USAGE_WRITER_GATHER_MS'
    | 'USAGE_WRITER_LOCK_TIMEOUT_MS'
    | 'USAGE_STOP_TIMEOUT_MS'
  >;
  readonly reader: LogReader;
  readonly databaseUrl: string;
  /** How to connect to it; by default as `connector` does. */
  readonly connect?: Connect;
  readonly logger: Logger;
  readonly metrics?: WriterMetrics;
  /** A session with Postgres was opened; its backend has this pid, on whatever machine Postgres runs. */
  readonly onSessionOpened?: (backendPid: number) => void;
  /** What the log takes and may take, where it has a bound of its own. */
  readonly logBytes?: () => { held: number; max: number };
  /** How often a partition that stopped for want of an operator is tried again; 30 s. */
  readonly probeEveryMs?: number;
}

export interface Writer {
  readonly registry: Registry;
  /** Resolves when it reads its log, whether Postgres can be reached or not. */
  start(): Promise<void>;
  /** Batches in flight are committed, then the connections and the reader end. */
  stop(): Promise<void>;
}

const backlogEveryMs = 1_000;
const monthsEveryMs = 3_600_000;
const probeEveryMs = 30_000;
const overtakenEveryMs = 60_000;
const forgetEveryMs = 3_600_000;

export function createWriter(options: WriterOptions): Writer {
  const { settings, reader, databaseUrl, logger } = options;
  const metrics = options.metrics ?? createWriterMetrics();
  const connect = options.connect ?? connector(databaseUrl);
  const lockTimeoutMs = settings.USAGE_WRITER_LOCK_TIMEOUT_MS;
  const health = createPartitionHealth(logger, metrics);
  const months = createMonths({ logger, lockTimeoutMs });
  const stopping = new AbortController();
  const writers = new Map<PartitionWriter, LogPartition>();
  const running = new Set<Promise<void>>();
  const backlog = createBacklogGauges(reader, metrics, logger);
  let overtakenAtMs = Number.NEGATIVE_INFINITY;

  const sessions = createSessions({
    connect,
    connections: settings.USAGE_WRITER_CONNECTIONS,
    logger,
    onOpened: options.onSessionOpened,
    prepare: () => migrate(databaseUrl, logger),
    onReachable(reachable) {
      health.reachable(reachable);
      // A new session may be to another server than before, one that knows less.
      if (reachable) watch.lookNow();
    },
  });
  const watch = createPositionWatch({
    sessions,
    source: () => reader.source,
    partitions: () => writers.keys(),
    logger,
  });

  function keep(task: Promise<void>): void {
    running.add(task);
    void task.finally(() => running.delete(task));
  }

  function take(partition: LogPartition): void {
    const context: PartitionContext = {
      kind: reader.kind,
      source: reader.source,
      connect,
      lockTimeoutMs,
      batchBytesMax: settings.USAGE_WRITER_BATCH_BYTES_MAX,
      gatherMs: settings.USAGE_WRITER_GATHER_MS,
      probeEveryMs: options.probeEveryMs ?? probeEveryMs,
      sessions,
      months,
      health,
      metrics,
      logger,
      onOvertaken,
    };
    const writer = createPartitionWriter(partition, context);
    writers.set(writer, partition);
    keep(writer.run(stopping.signal).finally(() => writers.delete(writer)));
  }

  function onOvertaken(partition: string): void {
    if (performance.now() < overtakenAtMs + overtakenEveryMs) return;
    overtakenAtMs = performance.now();
    logger.warn('writer_overtaken', { partition });
  }

  /** Ahead of time, so that no batch waits for it when a month begins. */
  async function makeMonths(): Promise<void> {
    const failing = createTrouble(logger, 'month_failed');
    while (!stopping.signal.aborted) {
      const now = utcMonth(Date.now());
      let waitMs = monthsEveryMs;
      try {
        await sessions.use(stopping.signal, (session) => months.ensure(session, [now, now + 1]));
        failing.over();
      } catch (error) {
        if (error instanceof SessionsStoppedError) return;
        failing.failed(error);
        waitMs = 60_000;
      }
      await pause(waitMs, stopping.signal);
    }
  }

  /** Housekeeping: what fails is tried again the next time. */
  async function forgetGone(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await sessions.use(stopping.signal, (session) => forgetPositions(session, reader));
      } catch (error) {
        if (error instanceof SessionsStoppedError) return;
        logger.debug('store_failing', { err: error });
      }
      await pause(forgetEveryMs, stopping.signal);
    }
  }

  async function measureBacklog(): Promise<void> {
    while (!stopping.signal.aborted) {
      await backlog.show(writers);
      if (options.logBytes) showLogBytes(metrics, reader.kind, options.logBytes());
      await pause(backlogEveryMs, stopping.signal);
    }
  }

  async function open(): Promise<void> {
    health.reachable(false);
    await reader.start(take);
    keep(watch.run(stopping.signal));
    keep(makeMonths());
    keep(measureBacklog());
    keep(forgetGone());
    if (reader.kind === 'local') keep(tellLeftInKafka(sessions, logger, stopping.signal));
  }

  async function close(): Promise<void> {
    await start.settled();
    stopping.abort();
    // A server that answers no more must not keep the process: what is cut is stored again at the next start.
    const timer = setTimeout(() => sessions.cut(), settings.USAGE_STOP_TIMEOUT_MS / 2);
    await Promise.all(running);
    await sessions.stop();
    clearTimeout(timer);
    await reader.stop();
  }

  const start = once(open);
  return { registry: metrics.registry, start, stop: once(close) };
}
