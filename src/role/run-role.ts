/**
 * What every role process shares: it reads the settings, tells its supervisor that it is ready and alive,
 * pushes its metrics, stops when told to, on SIGTERM, or when the supervisor dies. Each role's own file
 * `process.ts` is one call of `runRole`.
 */

import type { Registry } from 'prom-client';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../observability/logger.ts';
import type { Role } from './messages.ts';

/** What a role is given. */
export interface RoleContext {
  readonly settings: Settings;
  readonly role: Role;
  /** The slot of this process within its role, from 0: a metric label, and the name of its log folder. */
  readonly worker: number;
  readonly logger: Logger;
  /** What `/readyz` of the instance answers just now. */
  readiness(): { ready: boolean; reason: string };
  /** A front tells whether it can append durably; said at every change, and once before `start` resolves. */
  tellAppendable(appendable: boolean, reason: string): void;
}

/** What a role is: nothing happens at create; `start` and `stop` return the promise in flight when called again. */
export interface RoleService {
  readonly registry: Registry;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Runs one role in this process until it is told to stop. */
export async function runRole(_role: Role, _create: (context: RoleContext) => RoleService): Promise<void> {
  throw new Error('written with the supervisor');
}
