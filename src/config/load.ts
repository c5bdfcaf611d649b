/**
 * Environment -> settings, or every problem at once. Nothing is guessed: a name of ours that we do not know,
 * and a name that is set but empty, are errors, since falling back to a default there could send data to
 * another place than was meant (an empty DATABASE_URL from a missing secret would mean the embedded one).
 */

import { nearestName } from './nearest-name.ts';
import { ConfigError } from './problems.ts';
import { type Settings, settingsSchema } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const names = Object.keys(settingsSchema.shape);
const ownNames = names.filter((name) => name.startsWith('USAGE_'));

/** An environment value longer than this is no setting of ours. */
const valueCharactersMax = 4096;

/**
 * Parses the settings out of an environment; names that are not ours are left alone.
 * @throws ConfigError with every problem
 */
export function loadSettings(environment: Environment): Settings {
  const problems = [...unknownNames(environment), ...unsupportedNames(environment)];
  const { values, unfit } = ownValues(environment);
  problems.push(...unfit);
  const parsed = settingsSchema.safeParse(values);
  if (!parsed.success) {
    problems.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  } else if (unfit.length === 0) {
    problems.push(...contradictions(parsed.data));
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return parsed.data;
}

/** The environment that gives a child process exactly these settings. */
export function settingsEnvironment(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}

function ownValues(environment: Environment): { values: Record<string, string>; unfit: string[] } {
  const values: Record<string, string> = {};
  const unfit: string[] = [];
  for (const name of names) {
    const value = environment[name];
    if (value === undefined) continue;
    if (value.trim() === '') unfit.push(`${name} is set but empty: give it a value, or unset it`);
    else if (value.length > valueCharactersMax)
      unfit.push(`${name} is longer than ${valueCharactersMax} characters`);
    else values[name] = value;
  }
  return { values, unfit };
}

function unknownNames(environment: Environment): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('USAGE_') && environment[name] !== undefined && !names.includes(name))
    .map((name) => `${name} is no setting; the nearest is ${nearestName(name, ownNames)}`);
}

function unsupportedNames(environment: Environment): string[] {
  if (environment.KAFKA_BROKERS === undefined) return [];
  return ['KAFKA_BROKERS is set, but this release has no Kafka log yet: unset it to use the local log'];
}

/** What each setting alone cannot see. */
function contradictions(settings: Settings): string[] {
  const problems: string[] = [];
  const notAbove = (low: keyof Settings, high: keyof Settings, why: string) => {
    if (Number(settings[low]) > Number(settings[high])) {
      problems.push(`${low} (${settings[low]}) is above ${high} (${settings[high]}): ${why}`);
    }
  };
  notAbove('USAGE_BODY_BYTES_MAX', 'USAGE_INFLATED_BYTES_MAX', 'a plain body counts as inflated too');
  notAbove('USAGE_BODY_BYTES_MAX', 'USAGE_FRONT_WAITING_BYTES_MAX', 'the largest body could never be taken');
  notAbove('USAGE_GROUP_BYTES_MAX', 'USAGE_FRONT_WAITING_BYTES_MAX', 'a group could never be full');
  notAbove('USAGE_LOG_SEGMENT_BYTES', 'USAGE_LOCAL_LOG_BYTES_MAX', 'the log could not hold one segment');
  if (settings.USAGE_DRAIN_MS >= settings.USAGE_STOP_TIMEOUT_MS) {
    problems.push(
      `USAGE_DRAIN_MS (${settings.USAGE_DRAIN_MS}) is not below USAGE_STOP_TIMEOUT_MS (${settings.USAGE_STOP_TIMEOUT_MS}): every stop would be forced`,
    );
  }
  if (settings.PORT !== 0 && settings.PORT === settings.ADMIN_PORT && settings.HOST === settings.ADMIN_HOST) {
    problems.push(`PORT and ADMIN_PORT are both ${settings.PORT} on ${settings.HOST}: give each its own`);
  }
  if (settings.USAGE_FRONTS > 1 && process.platform !== 'linux') {
    problems.push(
      'USAGE_FRONTS is above 1, but only Linux shares a port among processes evenly: set it to 1',
    );
  }
  return problems;
}
