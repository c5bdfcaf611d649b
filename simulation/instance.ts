/** One host: its supervisor, which forks, watches and restarts the roles, and whoever starts that again. */

import { loadSettings, settingsEnvironment } from '../src/config/load.ts';
import { createFleet, type Fleet } from '../src/supervisor/fleet.ts';
import { roleTable } from '../src/supervisor/role-table.ts';
import { defaultTiming } from '../src/supervisor/timing.ts';
import { children } from './node/children.ts';
import { fronts, tracingLogger } from './roles.ts';
import type { Process } from './world/scheduler.ts';
import { world } from './world/world.ts';

export const dataDir = '/volume/data';

export type Environment = Readonly<Record<string, string>>;

/** What an instance is started with, by the log that it is to use. */
export interface Environments {
  readonly local: Environment;
  readonly kafka: Environment;
  readonly spoolless: Environment;
}

function environmentsWith(variant: Environment): Environments {
  const local = {
    DATA_DIR: dataDir,
    DATABASE_URL: 'postgres://simulated/usages',
    USAGE_FRONTS: '1',
    USAGE_LOCAL_LOG_BYTES_MAX: '1048576',
    USAGE_WRITER_GATHER_MS: '20',
    USAGE_APPEND_TIMEOUT_MS: '10000',
    ...variant,
  };
  const kafka = {
    ...local,
    KAFKA_BROKERS: 'simulated:1,simulated:2,simulated:3',
    USAGE_KAFKA_PARTITIONS: '3',
    USAGE_KAFKA_STAY_MS: '100',
  };
  return { local, kafka, spoolless: { ...kafka, USAGE_SPOOL: 'off' } };
}

/** Small segments roll often; only large ones have zeros laid ahead. */
export const environmentVariants: readonly Environments[] = [
  environmentsWith({ USAGE_LOG_SEGMENT_BYTES: '4096' }),
  environmentsWith({ USAGE_LOG_SEGMENT_BYTES: '4096', USAGE_LOG_KEEP_HOURS: '0' }),
  environmentsWith({ USAGE_LOG_SEGMENT_BYTES: '262144' }),
  environmentsWith({ USAGE_LOG_SEGMENT_BYTES: '200704' }),
  environmentsWith({ USAGE_LOG_SEGMENT_BYTES: '4096', USAGE_FRONTS: '2' }),
];

export interface Instance {
  readonly environments: Environments;
  /** It goes from one log to the other, and back. */
  readonly isBoth: boolean;
  /** The environment of the next start. */
  environment: Environment;
  /** Nothing where it runs. */
  start(): void;
  /** From now on it always starts with this environment; where it runs, it starts anew. */
  settleOn(environment: Environment): void;
  /** In order, within the time that a stop may take. */
  stop(): Promise<void>;
  /** Everything at once, as by kill -9 or a power cut. */
  kill(): void;
  /** Kills one process of a role; the supervisor starts it again. */
  killRole(role: string): void;
}

export function createInstance(
  environments: Environments,
  first: keyof Environments,
  isBoth: boolean,
): Instance {
  let supervisor: Process | null = null;
  let fleet: Fleet | null = null;
  let environment = environments[first];
  let settledOn: Environment | null = null;
  let isWanted = false;

  function start(): void {
    const { scheduler } = world();
    if (supervisor) return;
    environment = settledOn ?? environment;
    const process: Process = { name: 'supervisor', alive: true, onEnd: [] };
    supervisor = process;
    isWanted = true;
    scheduler.after(
      0,
      () => {
        const settings = loadSettingsOnce(environment);
        fleet = createFleet({
          rows: roleTable,
          count: (row) => row.count(settings),
          timing: defaultTiming,
          logger: tracingLogger('supervisor'),
          environment: () => settingsEnvironmentOnce(environment),
          onCharged() {},
          // A service manager starts the instance anew.
          onGivenUp: () => scheduler.after(1_000, restart, null),
        });
        fleet.start(() => true);
      },
      process,
    );
  }

  function restart(): void {
    if (!isWanted) return;
    kill();
    start();
  }

  function kill(): void {
    isWanted = false;
    if (supervisor) world().scheduler.kill(supervisor);
    supervisor = null;
    fleet = null;
  }

  function stop(): Promise<void> {
    const { scheduler } = world();
    const [process, stopping] = [supervisor, fleet];
    isWanted = false;
    return new Promise((resolve) => {
      const end = () => {
        // It may have been killed, and started again, in the meantime.
        if (process && supervisor === process) kill();
        resolve();
      };
      if (!process || !stopping) return scheduler.after(1, end, null);
      process.onEnd.push(() => scheduler.after(0, end, null));
      scheduler.after(
        0,
        () => {
          stopping.drain();
          void stopping.stop().then(() => scheduler.kill(process));
        },
        process,
      );
    });
  }

  return {
    environments,
    isBoth,
    get environment() {
      return environment;
    },
    set environment(next) {
      environment = next;
    },
    start,
    stop,
    settleOn(next) {
      settledOn = next;
      if (supervisor) void stop().then(start);
    },
    kill,
    killRole(role) {
      const running = fleet?.processes().filter((each) => each.role === role) ?? [];
      if (running.length === 0) return;
      const { worker } = world().chance.pick(running);
      const child = children.get(`${role} ${worker}`);
      if (child) world().scheduler.kill(child);
    },
  };
}

const settingsKnown = new Map<Environment, ReturnType<typeof loadSettings>>();
const environmentsKnown = new Map<Environment, Record<string, string>>();

function loadSettingsOnce(environment: Environment) {
  const known = settingsKnown.get(environment) ?? loadSettings(environment);
  settingsKnown.set(environment, known);
  return known;
}

function settingsEnvironmentOnce(environment: Environment) {
  const known = environmentsKnown.get(environment) ?? settingsEnvironment(loadSettingsOnce(environment));
  environmentsKnown.set(environment, known);
  return { ...known };
}

export function forgetProcesses(): void {
  fronts.clear();
  children.clear();
}
