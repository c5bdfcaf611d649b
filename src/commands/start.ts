/** `usage-ingest start`: the whole instance under a supervisor, or one role alone. */

import { ConfigError } from '../config/config-error.ts';
import type { Settings } from '../config/settings.ts';
import { kafkaProblems } from '../log/kafka/check.ts';
import { crashFields } from '../observability/error-fields.ts';
import { createLogger, type Logger } from '../observability/logger.ts';
import { EmbeddedPostgresError } from '../postgres/embedded/embedded-error.ts';
import { createEmbeddedPostgres } from '../postgres/embedded/embedded-postgres.ts';
import type { Role } from '../role/roles.ts';
import { roleTable } from '../supervisor/role-table.ts';
import { createSupervisor, type Supervisor, type SupervisorOptions } from '../supervisor/supervisor.ts';
import { exitCode } from '../system/exit-codes.ts';
import { isRunByNpm, onParentGone } from '../system/parent-process.ts';
import { tellServiceManager } from '../system/service-manager.ts';
import { StartRefusedError } from '../system/start-refused-error.ts';
import { onStopSignals } from '../system/stop-signals.ts';
import { addressesOf, bannerText } from './banner.ts';
import { databaseFailure } from './database-failure.ts';
import { missingDatabase } from './missing-database.ts';
import { takeRoleRuntime } from './role-runtime.ts';

/** A forced stop that still does not end is cut by ending this process; its children follow. */
const forcedMs = 3_000;

/** Runs until a signal asks for the end. `options` are for tests. @returns the exit code */
export async function start(
  settings: Settings,
  options: Pick<SupervisorOptions, 'roles' | 'timing'> = {},
): Promise<number> {
  const problems = [
    ...(await missingDatabase(settings)),
    ...(settings.KAFKA_BROKERS === undefined ? [] : await kafkaProblems(settings)),
  ];
  if (problems.length > 0) {
    process.stderr.write(new ConfigError(problems).text);
    return exitCode.config;
  }
  const terminal = process.stdout.isTTY === true;
  const logger = createLogger({ level: settings.LOG_LEVEL, role: 'supervisor', pretty: terminal });
  process.on('uncaughtException', (error) => {
    logger.error('role_crashed', { crash: crashFields(error) });
    process.exit(exitCode.failure);
  });
  const supervisor = createSupervisor({
    settings,
    logger,
    embedded: embeddedPostgres(settings, logger),
    ...options,
  });
  listenToSignals(supervisor, logger);
  stopWithNpm();
  let refusedBy: EmbeddedPostgresError | null = null;
  try {
    const instance = await supervisor.start();
    if (instance) {
      const addresses = addressesOf(settings, instance);
      logger.info('instance_started', { ...addresses });
      tellState('READY=1', logger);
      // Logs are for programs where stdout is no terminal; the banner is for people either way.
      const screen = terminal ? process.stdout : process.stderr;
      screen.write(bannerText(addresses, instance, screen.isTTY === true));
    }
  } catch (error) {
    const explained = error instanceof StartRefusedError || error instanceof EmbeddedPostgresError;
    if (explained) process.stderr.write(`usage-ingest: ${error.message}\n`);
    else logger.error('instance_failed', { err: error });
    if (error instanceof EmbeddedPostgresError) refusedBy = error;
  }
  const code = await supervisor.ended;
  if (code === exitCode.ok) logger.info('instance_stopped');
  // The database's own port, or its data, may be in use just as ours.
  return refusedBy && code !== exitCode.ok ? databaseFailure(refusedBy).code : code;
}

/** Runs one role in this process, which ends with it; `worker` is read by the role itself. */
export async function startRole(role: Role): Promise<never> {
  takeRoleRuntime();
  stopWithNpm();
  const row = roleTable.find((candidate) => candidate.role === role)!;
  await import(row.entry.href);
  return new Promise<never>(() => {});
}

function embeddedPostgres(settings: Settings, logger: Logger) {
  return {
    create: (onExit: () => void) =>
      createEmbeddedPostgres({
        dataDir: settings.DATA_DIR,
        port: settings.USAGE_POSTGRES_PORT,
        logger,
        onExit,
      }),
    isFinal: (error: unknown) =>
      error instanceof EmbeddedPostgresError &&
      ['binaries', 'unprivileged', 'data', 'stopped'].includes(error.reason),
  };
}

/** The first signal stops in order, the next one forces. */
function listenToSignals(supervisor: Supervisor, logger: Logger): void {
  onStopSignals({
    first(signal) {
      logger.info('instance_stopping', { signal });
      tellState('STOPPING=1', logger);
      void supervisor.stop();
    },
    again() {
      setTimeout(() => process.exit(exitCode.failure), forcedMs).unref();
      supervisor.force('second signal');
    },
  });
}

function tellState(state: 'READY=1' | 'STOPPING=1', logger: Logger): void {
  tellServiceManager(state).catch((err) => logger.warn('service_manager_untold', { err }));
}

/** npx is ended and leaves what it started (npm/cli): then this process stops as if it had been asked itself. */
function stopWithNpm(): void {
  if (isRunByNpm()) void onParentGone(() => process.kill(process.pid, 'SIGTERM'));
}
