/**
 * The instance: its lock, its ports, its database, its processes.
 *
 * Start: lock -> ports proven -> fronts, and beside them the embedded Postgres, then what needs it. Fronts
 * never wait for a database: what they acknowledge is durable in the log.
 * Stop: not ready -> wait USAGE_DRAIN_MS -> fronts answer and flush -> writer commits -> Postgres -> lock.
 * That order loses no time on recovery; any other, a kill -9 too, loses no data either.
 */

import { settingsEnvironment } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { keysAreRequired } from '../keys/required.ts';
import type { Logger } from '../observability/logger.ts';
import { connector } from '../postgres/sql-client.ts';
import { exitCode } from '../system/exit-codes.ts';
import { once } from '../system/once.ts';
import type { ProcessLock } from '../system/process-lock.ts';
import { StartRefusedError } from '../system/start-refused-error.ts';
import { pause } from '../system/waiting.ts';
import { createDatabaseKeeper, type DatabaseKeeper, type DatabaseKeeperOptions } from './database-keeper.ts';
import { createFleet, type FleetProcess } from './fleet.ts';
import { provePortFree } from './free-port.ts';
import { takeInstanceLock } from './instance-lock.ts';
import { createKeyKeeper, type KeyKeeper } from './key-keeper.ts';
import { createOperatorPort, type OperatorPort } from './operator-port.ts';
import { type RoleRow, roleTable } from './role-table.ts';
import { defaultTiming, type Timing } from './timing.ts';

export interface SupervisorOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** The embedded Postgres, used where the settings name no other. */
  readonly embedded: Omit<DatabaseKeeperOptions, 'logger' | 'healthyMs'>;
  /** The processes; others in tests. */
  readonly roles?: readonly RoleRow[];
  readonly timing?: Timing;
}

/** Where a started instance is found. */
export interface StartedInstance {
  readonly port: number;
  readonly adminPort: number;
  /** Complete, with the password. Never logged. */
  readonly databaseUrl: string;
  readonly embedded: boolean;
}

export interface Supervisor {
  /**
   * Resolves when every process is ready (with a database of the operator's own, which may be away: every
   * front), with null where a stop came first.
   * @throws StartRefusedError with what to do, or what ended the start; all that was started is stopped by then
   */
  start(): Promise<StartedInstance | null>;
  /** The orderly stop; resolves when all is over. Called again: the promise in flight. */
  stop(): Promise<void>;
  /** Cuts the orderly way short: every process is killed. `why` is for the log. */
  force(why: string): void;
  /** Resolves with the exit code when the instance has ended, asked or not. */
  readonly ended: Promise<number>;
  processes(): FleetProcess[];
}

/** As long as it is because start and stop share all that is held; each function in it is one step. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { settings, logger, timing = defaultTiming } = options;
  const ended = Promise.withResolvers<number>();
  const stopAsked = Promise.withResolvers<null>();
  const forced = new AbortController();

  let lock: ProcessLock | null = null;
  let operatorPort: OperatorPort | null = null;
  let database: DatabaseKeeper | null = null;
  let keys: KeyKeeper | null = null;
  let port = settings.PORT;
  let databaseUrl = settings.DATABASE_URL;
  let stopping = false;
  let code: number = exitCode.ok;
  let starting: Promise<unknown> = Promise.resolve();

  const stop = once(stopAll);

  const fleet = createFleet({
    rows: options.roles ?? roleTable,
    count: (row) => row.count(settings),
    timing,
    logger,
    environment: environmentOf,
    onCharged: (charges) => keys?.used(charges.map(([number]) => number)),
    onGivenUp() {
      code = exitCode.failure;
      void stop();
    },
  });

  /** Exactly our settings, with what was found out since; the database's password is for those who need it. */
  function environmentOf(row: RoleRow): NodeJS.ProcessEnv {
    const environment = { ...process.env, ...settingsEnvironment({ ...settings, PORT: port }) };
    if (row.needsDatabase) return { ...environment, DATABASE_URL: databaseUrl };
    if (row.mayUseDatabase) return environment;
    const { DATABASE_URL: _, ...without } = environment;
    return without;
  }

  /** After every wait: a stop that came meanwhile finds all that was started, and nothing more is. */
  async function startAll(): Promise<StartedInstance | null> {
    if (stopping) return null;
    lock = await takeInstanceLock(settings.DATA_DIR);
    port = await provePortFree('PORT', settings.HOST, settings.PORT);
    if (stopping) return null;
    operatorPort = createOperatorPort(settings, fleet, port);
    const adminPort = await operatorPort.start();
    if (stopping) return null;
    fleet.start((row) => !row.needsDatabase);
    if (!databaseUrl) {
      database = createDatabaseKeeper({ ...options.embedded, logger, healthyMs: timing.healthyMs });
      databaseUrl = await database.start();
      if (stopping) return null;
    }
    startKeys(databaseUrl);
    fleet.start((row) => row.needsDatabase);
    await fleet.ready((row) => database !== null || !row.needsDatabase);
    return stopping ? null : { port, adminPort, databaseUrl, embedded: database !== null };
  }

  /** Keys that the operator gives in a file need no database. */
  function startKeys(url: string): void {
    if (!keysAreRequired(settings) || settings.USAGE_KEYS_FILE !== undefined) return;
    keys = createKeyKeeper({ dataDir: settings.DATA_DIR, logger });
    keys.start(connector(url, 'keys'));
  }

  async function startOrUndo(): Promise<StartedInstance | null> {
    const all = startAll();
    starting = all.catch(() => {});
    try {
      return await Promise.race([all, stopAsked.promise]);
    } catch (error) {
      code = error instanceof StartRefusedError ? exitCode.unavailable : exitCode.failure;
      await stop();
      throw error;
    }
  }

  async function stopAll(): Promise<void> {
    const deadline = setTimeout(() => force('deadline'), settings.USAGE_STOP_TIMEOUT_MS);
    stopping = true;
    stopAsked.resolve(null);
    fleet.drain();
    database?.drain();
    if (fleet.anyReady()) {
      await pause(settings.USAGE_DRAIN_MS, forced.signal);
    }
    await fleet.stop();
    await keys?.stop();
    await unlessForced(Promise.allSettled([database?.stop(), starting]));
    await operatorPort?.stop();
    lock?.release();
    clearTimeout(deadline);
    ended.resolve(forced.signal.aborted ? exitCode.failure : code);
  }

  /** The embedded Postgres has a guard of its own that ends it when this process does. */
  async function unlessForced(work: Promise<unknown>): Promise<void> {
    if (forced.signal.aborted) return;
    const force = new Promise((resolve) => forced.signal.addEventListener('abort', resolve, { once: true }));
    await Promise.race([work, force]);
  }

  function force(why: string): void {
    if (forced.signal.aborted) return;
    logger.warn('stop_forced', { why });
    forced.abort();
    fleet.kill();
    void stop();
  }

  return {
    start: once(startOrUndo),
    stop,
    force,
    ended: ended.promise,
    processes: fleet.processes,
  };
}
