/**
 * The processes of an instance, in the order in which they stop: what takes in goes first, what it leans on
 * after it.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Role } from '../role/roles.ts';
import { errorCode } from '../system/errno.ts';

export interface RoleRow {
  readonly role: Role;
  /** The file that runs as the process; it calls `runRole`. */
  readonly entry: URL;
  count(settings: Settings): number;
  /** The role needs Postgres: it is started when the URL is known and gets it as DATABASE_URL. */
  readonly needsDatabase: boolean;
  /** The role does without Postgres until something goes wrong: it gets DATABASE_URL where that is set, and is not held up. */
  readonly mayUseDatabase?: boolean;
  /**
   * Without a process of this role the instance cannot acknowledge: where it keeps failing, the instance ends,
   * so that whatever watches over it can act. A role without this is tried for ever once it was ready.
   */
  readonly acknowledges: boolean;
}

export const roleTable: readonly RoleRow[] = [
  {
    role: 'front',
    entry: new URL('../front/process.ts', import.meta.url),
    count: (settings) => settings.USAGE_FRONTS,
    needsDatabase: false,
    acknowledges: true,
  },
  {
    role: 'relay',
    entry: new URL('../relay/process.ts', import.meta.url),
    count: ({ KAFKA_BROKERS, USAGE_SPOOL, DATA_DIR }) =>
      KAFKA_BROKERS !== undefined && (USAGE_SPOOL === 'on' || hasLocalLog(DATA_DIR)) ? 1 : 0,
    needsDatabase: false,
    mayUseDatabase: true,
    acknowledges: false,
  },
  {
    role: 'writer',
    entry: new URL('../writer/process.ts', import.meta.url),
    count: () => 1,
    needsDatabase: true,
    acknowledges: false,
  },
];

/**
 * There are partitions that fronts appended to before USAGE_SPOOL was turned off, or before Kafka: what they still hold
 * is acknowledged, and has to be drained.
 */
function hasLocalLog(dataDir: string): boolean {
  try {
    return readdirSync(join(dataDir, 'log')).some((name) => /^\d/.test(name));
  } catch (error) {
    // What is wrong with a log that is there, the relay will tell.
    return errorCode(error) !== 'ENOENT';
  }
}
