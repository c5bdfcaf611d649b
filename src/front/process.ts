/** The process of a front: its own partition of the local log, and HTTP before it. */

import { join } from 'node:path';
import { createLocalAppender } from '../log/local/appender.ts';
import { type RoleContext, type RoleService, runRole } from '../role/run-role.ts';
import { createFront } from './front.ts';

await runRole('front', createFrontRole);

function createFrontRole(context: RoleContext): RoleService {
  const { settings, logger, worker } = context;
  const appender = createLocalAppender({
    logDir: join(settings.DATA_DIR, 'log'),
    slot: worker,
    segmentBytes: settings.USAGE_LOG_SEGMENT_BYTES,
    bytesMax: settings.USAGE_LOCAL_LOG_BYTES_MAX,
    logger,
  });
  const front = createFront({
    host: settings.HOST,
    port: settings.PORT,
    settings,
    appender,
    logger,
    readiness: () => context.readiness(),
    onAppendable: (appendable, reason) => context.tellAppendable(appendable, reason),
    worker,
  });
  let started: Promise<void> | null = null;
  let stopped: Promise<void> | null = null;
  return {
    registry: front.registry,
    start() {
      started ??= appender.start().then(() => front.start());
      return started;
    },
    /** The log stays open until the last answer that depends on it has been given. */
    stop() {
      stopped ??= front.stop().finally(() => appender.stop());
      return stopped;
    },
  };
}
