/** The process of a front: its log, and HTTP before it. */

import { Registry } from 'prom-client';
import { ConfigError } from '../config/config-error.ts';
import type { Settings } from '../config/settings.ts';
import { keysAreRequired } from '../keys/required.ts';
import { type RoleContext, type RoleService, runRole } from '../role/run-role.ts';
import { once } from '../system/once.ts';
import { chooseLog } from './chosen-log.ts';
import { createFront } from './front.ts';

/** How soon the other fronts know what was charged here: what they can overdraw a limit together by. */
const tellChargedEveryMs = 100;

await runRole('front', createFrontRole);

function createFrontRole(context: RoleContext): RoleService {
  const { settings, logger, worker } = context;
  if (!context.supervised) requireKeyFile(settings);
  const { appender, appendsInFlightMax, registry } = chooseLog(context);
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
  let telling: NodeJS.Timeout | undefined;
  const tellCharged = () => {
    const charges = front.takeCharges();
    if (charges.length > 0) context.tellCharged(charges);
  };
  context.onCharged((charges) => front.chargedElsewhere(charges));
  return {
    registry: registry ? Registry.merge([front.registry, registry]) : front.registry,
    start: once(async () => {
      await appender.start();
      await front.start();
      telling = setInterval(tellCharged, tellChargedEveryMs);
    }),
    /** The log stays open until the last answer that depends on it has been given. */
    stop: once(async () => {
      clearInterval(telling);
      tellCharged();
      await front.stop().finally(() => appender.stop());
    }),
  };
}

/** @throws ConfigError where a front that runs alone could never know a key */
function requireKeyFile(settings: Settings): void {
  if (!keysAreRequired(settings) || settings.USAGE_KEYS_FILE !== undefined) return;
  throw new ConfigError([
    'USAGE_KEYS_FILE must be set for a front that runs alone and asks for API keys: write it with "usage-ingest keys export", or set USAGE_AUTH=off where something else decides who may send',
  ]);
}
