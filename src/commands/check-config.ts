/** `usage-ingest check-config`: every problem of the environment at once, or what would be used. */

import { concealPassword } from '../config/conceal.ts';
import { ConfigError } from '../config/config-error.ts';
import { loadSettings } from '../config/load.ts';
import { fileNameOf, secretSettings } from '../config/secret-files.ts';
import type { Environment, SettingName } from '../config/settings.ts';
import { exitCode } from '../system/exit-codes.ts';
import { missingDatabase } from './missing-database.ts';

/** @returns the exit code: 0, or 78 with the problems on stderr */
export async function checkConfig(environment: Environment = process.env): Promise<number> {
  try {
    const settings = loadSettings(environment);
    const problems = await missingDatabase(settings);
    if (problems.length > 0) throw new ConfigError(problems);
    const names = Object.keys(settings) as SettingName[];
    const width = Math.max(...names.map((name) => name.length));
    const lines = names.map((name) => {
      const value = shown(name, settings[name]);
      return `${name.padEnd(width)}  ${value}${sourceOf(name, environment)}`;
    });
    process.stdout.write(`The configuration is valid.\n\n${lines.join('\n')}\n`);
    return exitCode.ok;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(error.text);
    return exitCode.config;
  }
}

function sourceOf(name: SettingName, environment: Environment): string {
  if (environment[name] !== undefined) return '';
  return environment[fileNameOf(name)] === undefined ? '  (default)' : '  (from a file)';
}

const isSecret = (name: SettingName) => (secretSettings as readonly string[]).includes(name);

/** What a secret is made of is nobody's business on a screen. */
function shown(name: SettingName, value: unknown): string {
  if (name === 'DATABASE_URL') return concealPassword(String(value ?? ''));
  return isSecret(name) ? '***' : String(value);
}
