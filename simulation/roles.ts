/**
 * The role processes of an instance, put together as the product's own `process.ts` files do it, without HTTP: what a
 * front is given by requests, it is given by `submit`.
 */

import { join } from 'node:path';
import { loadSettings } from '../src/config/load.ts';
import type { Settings } from '../src/config/settings.ts';
import { chooseLog } from '../src/front/chosen-log.ts';
import { GroupCommit } from '../src/front/group-commit.ts';
import { createKafkaReader } from '../src/log/kafka/reader.ts';
import { createLocalReader } from '../src/log/local/reader.ts';
import type { LogAppender } from '../src/log/log.ts';
import type { LogEvent } from '../src/observability/log-events.ts';
import type { Logger } from '../src/observability/logger.ts';
import { createRelay } from '../src/relay/relay.ts';
import type { RoleContext } from '../src/role/run-role.ts';
import { usageColumns } from '../src/usage/row.ts';
import { createWriter } from '../src/writer/writer.ts';
import { createWriterMetrics } from '../src/writer/writer-metrics.ts';
import type { VirtualChild } from './node/child-process.ts';
import type { Process } from './world/scheduler.ts';
import { world } from './world/world.ts';

/** A front that takes usages in. */
export interface RunningFront {
  readonly process: Process;
  readonly worker: number;
  readonly appender: LogAppender;
  readonly groupCommit: GroupCommit;
}

/** Those that run now. */
export const fronts = new Map<VirtualChild, RunningFront>();

interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}

const tickMs = 250;
const aliveEveryMs = 1_000;

/** Begins a role in the process whose step this is. */
export function startRole(
  role: string,
  worker: number,
  environment: Readonly<Record<string, string | undefined>>,
  child: VirtualChild,
): void {
  const settings = settingsOf(environment);
  const logger = tracingLogger(`${role} ${worker}`);
  const service = createService(role, worker, settings, logger, child);
  let stopping = false;
  child.listen((message) => {
    if (message.type !== 'stop' || stopping) return;
    stopping = true;
    setTimeout(() => world().scheduler.kill(child.process), settings.USAGE_STOP_TIMEOUT_MS);
    service.stop().then(
      () => world().scheduler.kill(child.process),
      () => world().scheduler.kill(child.process),
    );
  });
  setInterval(() => child.tell({ type: 'alive' }), aliveEveryMs);
  service.start().then(
    () => child.tell({ type: 'ready' }),
    (error) => {
      logger.error('role_failed', { err: error });
      world().scheduler.kill(child.process);
    },
  );
}

const parsed = new Map<string, Settings>();

/** Parsing costs more than a whole schedule's step: a set of settings is parsed once. */
function settingsOf(environment: Readonly<Record<string, string | undefined>>): Settings {
  const text = JSON.stringify(environment);
  let settings = parsed.get(text);
  if (!settings) {
    settings = loadSettings(environment);
    parsed.set(text, settings);
  }
  return settings;
}

function createService(
  role: string,
  worker: number,
  settings: Settings,
  logger: Logger,
  child: VirtualChild,
): Service {
  if (role === 'front') return frontService(worker, settings, logger, child);
  if (role === 'relay') return createRelay({ settings, logger });
  return writerService(worker, settings, logger);
}

function frontService(worker: number, settings: Settings, logger: Logger, child: VirtualChild): Service {
  const context: RoleContext = {
    settings,
    role: 'front',
    supervised: true,
    worker,
    logger,
    readiness: () => ({ ready: true, reason: 'ready' }),
    tellAppendable: (appendable, reason) => child.tell({ type: 'appendable', appendable, reason }),
    tellCharged() {},
    onCharged() {},
  };
  const { appender, appendsInFlightMax } = chooseLog(context);
  const groupCommit = new GroupCommit({
    columns: usageColumns,
    appender,
    usagesMax: settings.USAGE_GROUP_USAGES_MAX,
    bytesMax: settings.USAGE_GROUP_BYTES_MAX,
    inFlightMax: appendsInFlightMax,
    timeoutMs: settings.USAGE_APPEND_TIMEOUT_MS,
    onAppended: () => {},
    onAppendFailed: (error) => world().trace(() => `front ${worker}: an append failed: ${error}`),
  });
  const tellAppendable = () => context.tellAppendable(appender.writable, '');
  return {
    async start() {
      await appender.start();
      fronts.set(child, { process: child.process, worker, appender, groupCommit });
      child.process.onEnd.push(() => fronts.delete(child));
      appender.onWritableChange(tellAppendable);
      tellAppendable();
      setInterval(() => groupCommit.expire(performance.now()), tickMs);
    },
    async stop() {
      fronts.delete(child);
      await groupCommit.drained();
      await appender.stop();
    },
  };
}

function writerService(worker: number, settings: Settings, logger: Logger): Service {
  const shared = {
    settings,
    databaseUrl: settings.DATABASE_URL!,
    logger,
    metrics: createWriterMetrics(worker),
    probeEveryMs: 5_000,
  };
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
}

/** Lines of the product's log stand in the trace. */
export function tracingLogger(who: string): Logger {
  const at = (level: string) => (event: LogEvent, fields?: object) =>
    world().trace(() => `${who}: ${level} ${event} ${describe(fields)}`);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function describe(fields: object | undefined): string {
  if (!fields) return '';
  return Object.entries(fields)
    .map(
      ([name, value]) =>
        `${name}=${value instanceof Error ? `${value.name}: ${value.message}${value.cause instanceof Error ? ` (${value.cause.message})` : ''}` : JSON.stringify(value)}`,
    )
    .join(' ');
}
