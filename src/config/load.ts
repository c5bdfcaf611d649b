/**
 * Environment -> settings, or every problem at once. Nothing is guessed: a name of ours that we do not know,
 * and a name that is set but empty, are errors, since falling back to a default there could send data to
 * another place than was meant (an empty DATABASE_URL from a missing secret would mean the embedded one).
 */

import { ConfigError } from './config-error.ts';
import { nearestName } from './nearest-name.ts';
import { secretFileNames, withSecretFiles } from './secret-files.ts';
import { type Environment, type SettingName, type Settings, settingsSchema } from './settings.ts';

const names = Object.keys(settingsSchema.shape) as SettingName[];
const ownNames: string[] = [...names, ...secretFileNames].filter((name) => name.startsWith('USAGE_'));

/** An environment value longer than this is no setting of ours. */
const valueCharactersMax = 4096;

/**
 * Parses the settings out of an environment; names that are not ours are left alone.
 * @throws ConfigError with every problem
 */
export function loadSettings(given: Environment): Settings {
  const problems = unknownNames(given);
  const environment = withSecretFiles(given, problems);
  const settings: Record<string, unknown> = {};
  for (const name of names) {
    const value = environment[name];
    const unfit = value === undefined ? null : unfitness(value);
    if (unfit) {
      problems.push(`${name} ${unfit}`);
      continue;
    }
    // One by one, so that what is wrong with one hides nothing that is wrong with others.
    const parsed = settingsSchema.shape[name].safeParse(value);
    if (parsed.success) settings[name] = parsed.data;
    else problems.push(...parsed.error.issues.map(({ message }) => `${name} ${message}`));
  }
  problems.push(...contradictions(settings));
  if (problems.length > 0) throw new ConfigError(problems);
  return settings as Settings;
}

function unfitness(value: string): string | null {
  if (value.trim() === '') return 'is set but empty: give it a value, or unset it';
  return value.length > valueCharactersMax ? `is longer than ${valueCharactersMax} characters` : null;
}

/** The environment that gives a child process exactly these settings. */
export function settingsEnvironment(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}

function unknownNames(environment: Environment): string[] {
  return Object.keys(environment)
    .filter(
      (name) => name.startsWith('USAGE_') && environment[name] !== undefined && !ownNames.includes(name),
    )
    .map((name) => `${name} is an unknown setting; did you mean ${nearestName(name, ownNames)}?`);
}

/** What each setting alone cannot see; a setting that is wrong by itself is missing here. */
function contradictions(settings: Partial<Settings>): string[] {
  const problems: string[] = [];
  const { DATABASE_URL: url, PORT: port, HOST: host } = settings;
  const notAbove = (low: SettingName, high: SettingName, why: string) => {
    if (Number(settings[low]) > Number(settings[high])) {
      problems.push(`${low} (${settings[low]}) is above ${high} (${settings[high]}): ${why}`);
    }
  };
  if (url !== undefined && !URL.canParse(url)) {
    problems.push('DATABASE_URL is no URL: percent-encode what is special in user and password');
  }
  notAbove('USAGE_BODY_BYTES_MAX', 'USAGE_INFLATED_BYTES_MAX', 'a plain body counts as inflated too');
  notAbove('USAGE_BODY_BYTES_MAX', 'USAGE_FRONT_WAITING_BYTES_MAX', 'the largest body could never be taken');
  notAbove('USAGE_GROUP_BYTES_MAX', 'USAGE_FRONT_WAITING_BYTES_MAX', 'a group could never be full');
  const { USAGE_LOG_SEGMENT_BYTES: segmentBytes, USAGE_FRONTS: fronts } = settings;
  const logBytesMax = settings.USAGE_LOCAL_LOG_BYTES_MAX;
  // The segment that a front closed is held until the next one is there: with less room than both, none ever is.
  const logBytesMin = 2 * Number(segmentBytes) * Number(fronts);
  if (Number(logBytesMax) < logBytesMin) {
    problems.push(
      `USAGE_LOCAL_LOG_BYTES_MAX (${logBytesMax}) is below two segments for each front, 2 x USAGE_LOG_SEGMENT_BYTES (${segmentBytes}) x USAGE_FRONTS (${fronts}): once full the log could stay full`,
    );
  }
  notAbove('USAGE_DRAIN_MS', 'USAGE_STOP_TIMEOUT_MS', 'every stop would be forced');
  if (port !== undefined && port !== 0 && port === settings.ADMIN_PORT && host === settings.ADMIN_HOST) {
    problems.push(`PORT and ADMIN_PORT are both ${port} on ${host}: give each its own`);
  }
  if (Number(settings.USAGE_FRONTS) > 1 && process.platform !== 'linux') {
    problems.push(
      'USAGE_FRONTS is above 1, but only Linux shares a port among processes evenly: set it to 1',
    );
  }
  problems.push(...kafkaContradictions(settings));
  return problems;
}

function kafkaContradictions(settings: Partial<Settings>): string[] {
  const problems: string[] = [];
  const { USAGE_KAFKA_SASL: sasl, USAGE_KAFKA_TLS: tls } = settings;
  const isSet = (name: SettingName) => settings[name] !== undefined;
  const credentials: SettingName[] = ['USAGE_KAFKA_USER', 'USAGE_KAFKA_PASSWORD'];
  const files: SettingName[] = [
    'USAGE_KAFKA_TLS_CA_FILE',
    'USAGE_KAFKA_TLS_CERT_FILE',
    'USAGE_KAFKA_TLS_KEY_FILE',
  ];
  for (const name of credentials) {
    if (sasl !== undefined && sasl !== 'off' && !isSet(name))
      problems.push(`${name} is not set, and USAGE_KAFKA_SASL=${sasl} needs it`);
    if (sasl === 'off' && isSet(name)) problems.push(`${name} is set, but USAGE_KAFKA_SASL is off`);
  }
  for (const name of files)
    if (tls === 'off' && isSet(name)) problems.push(`${name} is set, but USAGE_KAFKA_TLS is off`);
  if (isSet('USAGE_KAFKA_TLS_CERT_FILE') !== isSet('USAGE_KAFKA_TLS_KEY_FILE'))
    problems.push('USAGE_KAFKA_TLS_CERT_FILE and USAGE_KAFKA_TLS_KEY_FILE go together: set both, or none');
  return problems;
}
