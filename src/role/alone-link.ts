/** The link of a role that runs without a supervisor (`start --role`): an admin port and a readiness of its own. */

import { Registry } from 'prom-client';
import { createAdminServer } from '../admin/admin-server.ts';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../observability/logger.ts';
import { errorCode } from '../system/errno.ts';
import { tellServiceManager } from '../system/service-manager.ts';
import { StartRefusedError } from '../system/start-refused-error.ts';
import { pause } from '../system/waiting.ts';
import type { Readiness, RoleLink } from './link.ts';
import type { Role } from './roles.ts';

export interface AloneLinkOptions {
  readonly settings: Settings;
  readonly role: Role;
  readonly logger: Logger;
  /** The registries of the process; known by the time of a scrape. */
  registries(): readonly Registry[];
}

export function createAloneLink(options: AloneLinkOptions): RoleLink {
  const { settings, role, logger } = options;
  let started = false;
  let draining = false;
  // A role that appends to no log never speaks of it.
  let appendable = { appendable: role !== 'front', reason: 'starting' };

  const readiness = (): Readiness => {
    if (draining) return { ready: false, reason: 'stopping' };
    if (!started) return { ready: false, reason: 'starting' };
    return appendable.appendable
      ? { ready: true, reason: 'ready' }
      : { ready: false, reason: appendable.reason };
  };

  const admin = createAdminServer({
    host: settings.ADMIN_HOST,
    port: settings.ADMIN_PORT,
    metricsText: () => Registry.merge([...options.registries()]).metrics(),
    readiness,
  });

  return {
    async start() {
      const port = await admin.start().catch((error) => {
        const code = errorCode(error);
        throw new StartRefusedError(
          `cannot listen on ${settings.ADMIN_HOST} port ${settings.ADMIN_PORT} (${code ?? 'error'}): set another ADMIN_PORT or ADMIN_HOST`,
          { cause: error },
        );
      });
      logger.info('admin_listening', { host: settings.ADMIN_HOST, port });
    },
    readiness,
    tellAppendable(value, reason) {
      appendable = { appendable: value, reason };
    },
    // There is no other front, and nobody beside it has the database.
    tellCharged() {},
    onCharged() {},
    tellReady() {
      started = true;
      tellServiceManager('READY=1').catch((err) => logger.warn('service_manager_untold', { err }));
    },
    async push() {},
    async pushLast() {},
    async drain() {
      draining = true;
      await pause(settings.USAGE_DRAIN_MS);
    },
    stop: () => admin.stop(),
  };
}
