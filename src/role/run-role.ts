/**
 * What every role process shares: it reads the settings, tells its supervisor that it is ready and alive,
 * pushes its metrics, stops when told to, on SIGTERM, or when the supervisor dies. Each role's own file
 * `process.ts` is one call of `runRole`.
 */

import type { Registry } from 'prom-client';
import { ConfigError } from '../config/config-error.ts';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { crashFields } from '../observability/error-fields.ts';
import { createLogger, type Logger } from '../observability/logger.ts';
import type { MetricSnapshot } from '../observability/metrics.ts';
import { createProcessMetrics, type ProcessMetrics } from '../observability/process-metrics.ts';
import { createTrouble } from '../observability/told.ts';
import { exitCode } from '../system/exit-codes.ts';
import { StartRefusedError } from '../system/start-refused-error.ts';
import { onStopSignals } from '../system/stop-signals.ts';
import { createAloneLink } from './alone-link.ts';
import { parseRoleArguments } from './arguments.ts';
import type { RoleLink } from './link.ts';
import type { Charges } from './messages.ts';
import type { Role } from './roles.ts';
import { createSupervisedLink } from './supervised-link.ts';

/** What a role is given. */
export interface RoleContext {
  readonly settings: Settings;
  readonly role: Role;
  /** False for a role that runs alone: nobody brings it what the database knows. */
  readonly supervised: boolean;
  /** The slot of this process within its role, from 0: a metric label, and the name of its log folder. */
  readonly worker: number;
  readonly logger: Logger;
  /** What `/readyz` of the instance answers just now. */
  readiness(): { ready: boolean; reason: string };
  /** A front tells whether it can append durably; said at every change, and once before `start` resolves. */
  tellAppendable(appendable: boolean, reason: string): void;
  /** A front charged the API keys: the other fronts of the instance are told. */
  tellCharged(charges: Charges): void;
  /** What the other fronts charge goes to `listener` from now on. */
  onCharged(listener: (charges: Charges) => void): void;
}

/** What a role is: nothing happens at create; `start` and `stop` return the promise in flight when called again. */
export interface RoleService {
  readonly registry: Registry;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const pushEveryMs = 1_000;
/** An orphan must free its port and its locks for the instance that follows. */
const orphanStopTimeoutMs = 2_000;
/** The supervisor says that the instance stops far sooner than this. */
const supervisorsWordMs = 500;

/** Runs one role in this process until it is told to stop, then ends the process. */
export async function runRole(role: Role, create: (context: RoleContext) => RoleService): Promise<void> {
  const { worker, supervised } = parseRoleArguments(process.argv.slice(2));
  const settings = settingsOrExit();
  const logger = createLogger({
    level: settings.LOG_LEVEL,
    role,
    worker,
    pretty: process.stdout.isTTY === true,
  });
  process.on('uncaughtException', (error) => {
    logger.error('role_crashed', { crash: crashFields(error) });
    process.exit(exitCode.failure);
  });

  const processMetrics = createProcessMetrics(role, worker);
  let service: RoleService | null = null;
  let timer: NodeJS.Timeout | null = null;
  let stopping = false;

  const registries = () =>
    service ? [service.registry, processMetrics.registry] : [processMetrics.registry];
  const link: RoleLink = supervised
    ? createSupervisedLink({
        onStop: () => stop(settings.USAGE_STOP_TIMEOUT_MS),
        onOrphaned: orphaned,
      })
    : createAloneLink({ settings, role, logger, registries });

  function orphaned(): void {
    logger.warn('role_orphaned');
    stop(orphanStopTimeoutMs);
  }

  /** Stops once, in order; the process ends here whatever happens. */
  const stop = (timeoutMs: number) => {
    setTimeout(() => forceExit(logger, 'deadline'), timeoutMs).unref();
    if (stopping) return;
    stopping = true;
    endWith(
      logger,
      stopInOrder(link, service, processMetrics, () => timer && clearInterval(timer)),
    );
  };
  listenToSignals(supervised, logger, link, () => stop(settings.USAGE_STOP_TIMEOUT_MS));

  try {
    service = create({
      settings,
      role,
      supervised,
      worker,
      logger,
      readiness: () => link.readiness(),
      tellAppendable: (appendable, reason) => link.tellAppendable(appendable, reason),
      tellCharged: (charges) => link.tellCharged(charges),
      onCharged: (listener) => link.onCharged(listener),
    });
    await link.start();
    const push = createPush(link, service, processMetrics, logger);
    timer = setInterval(() => void push(), pushEveryMs);
    await service.start();
    // Before "ready", so that the metrics of an instance that is ready are those of all its processes.
    await push();
    if (stopping) return;
    link.tellReady();
    logger.debug('role_started');
  } catch (error) {
    if (stopping) return;
    exitIfConfig(error);
    logger.error('role_failed', { err: error });
    process.exit(error instanceof StartRefusedError ? exitCode.unavailable : exitCode.failure);
  }
}

function settingsOrExit(): Settings {
  try {
    return loadSettings(process.env);
  } catch (error) {
    exitIfConfig(error);
    throw error;
  }
}

/** Wrong settings are told to a person, as a list, also where only the role itself can see them. */
function exitIfConfig(error: unknown): void {
  if (!(error instanceof ConfigError)) return;
  process.stderr.write(error.text);
  process.exit(exitCode.config);
}

/** Not ready -> the role's own order -> the last metrics -> the channel or the admin port closes. */
async function stopInOrder(
  link: RoleLink,
  service: RoleService | null,
  processMetrics: ProcessMetrics,
  stopPushing: () => void,
): Promise<void> {
  await link.drain();
  await service?.stop();
  stopPushing();
  if (service) await link.pushLast(await snapshotOf(service, processMetrics));
  await link.stop();
}

function endWith(logger: Logger, stopped: Promise<void>): void {
  stopped.then(
    () => {
      logger.info('role_stopped');
      process.exit(exitCode.ok);
    },
    (error) => {
      logger.error('role_failed', { err: error });
      process.exit(exitCode.failure);
    },
  );
}

function forceExit(logger: Logger, why: string): void {
  logger.warn('stop_forced', { why });
  process.exit(exitCode.failure);
}

/**
 * Alone: the first signal stops in order, a second one at once. Supervised, a signal may be meant for the whole instance,
 * sent to a group or by systemd to all of a unit; the order of that stop is the supervisor's, so it is given time to
 * say that it stops. One that was meant for this process stops it, a little later.
 */
function listenToSignals(supervised: boolean, logger: Logger, link: RoleLink, stop: () => void): void {
  if (!supervised) {
    onStopSignals({ first: stop, again: () => forceExit(logger, 'second signal') });
    return;
  }
  process.on('SIGTERM', () => {
    setTimeout(() => link.readiness().reason !== 'stopping' && stop(), supervisorsWordMs).unref();
  });
  for (const fromTerminal of ['SIGINT', 'SIGHUP'] as const) process.on(fromTerminal, () => {});
}

function createPush(
  link: RoleLink,
  service: RoleService,
  processMetrics: ProcessMetrics,
  logger: Logger,
): () => Promise<void> {
  const failing = createTrouble(logger, 'metrics_failed');
  return async () => {
    let snapshot: MetricSnapshot | null = null;
    try {
      snapshot = await snapshotOf(service, processMetrics);
      failing.over();
    } catch (error) {
      // The push goes on without them: it also says that this process lives.
      failing.failed(error);
    }
    await link.push(snapshot);
  };
}

async function snapshotOf(service: RoleService, processMetrics: ProcessMetrics): Promise<MetricSnapshot> {
  processMetrics.sample();
  const [own, process] = await Promise.all([
    service.registry.getMetricsAsJSON(),
    processMetrics.registry.getMetricsAsJSON(),
  ]);
  return [...own, ...process];
}
