/** The process of a front: its log, and HTTP before it. */

import { Registry } from 'prom-client';
import { type RoleContext, type RoleService, runRole } from '../role/run-role.ts';
import { once } from '../system/once.ts';
import { createFront } from './front.ts';
import { createFrontLog } from './front-log.ts';

await runRole('front', createFrontRole);

function createFrontRole(context: RoleContext): RoleService {
  const { settings, logger, worker } = context;
  const { appender, appendsInFlightMax, registry } = createFrontLog(context);
  const front = createFront({
    host: settings.HOST,
    port: settings.PORT,
    settings,
    appender,
    appendsInFlightMax,
    logger,
    readiness: () => context.readiness(),
    onAppendable: (appendable, reason) => context.tellAppendable(appendable, reason),
    worker,
  });
  return {
    registry: registry ? Registry.merge([front.registry, registry]) : front.registry,
    start: once(async () => {
      await appender.start();
      await front.start();
    }),
    /** The log stays open until the last answer that depends on it has been given. */
    stop: once(() => front.stop().finally(() => appender.stop())),
  };
}
