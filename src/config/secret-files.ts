/**
 * A secret may be given in a file, as container platforms hand them out: `X_FILE` names the file whose text is the
 * setting `X`. Nothing of the text is ever told.
 */

import { readFileSync } from 'node:fs';
import { errorCode } from '../system/errno.ts';
import type { Environment, SettingName } from './settings.ts';

/** Settings that hold a secret, in whole or in part. */
export const secretSettings = [
  'DATABASE_URL',
  'USAGE_KAFKA_PASSWORD',
] as const satisfies readonly SettingName[];

/** The name that gives such a setting in a file. */
export const fileNameOf = (name: string): string => `${name}_FILE`;

/** The names beside those of the settings themselves. */
export const secretFileNames: readonly string[] = secretSettings.map(fileNameOf);

/**
 * The environment with each secret that is given in a file put in its place.
 * @param problems is added to, where a file cannot be used
 */
export function withSecretFiles(environment: Environment, problems: string[]): Environment {
  const given: Record<string, string | undefined> = { ...environment };
  for (const name of secretSettings) {
    const fileName = fileNameOf(name);
    const path = environment[fileName];
    if (path === undefined) continue;
    delete given[fileName];
    if (environment[name] !== undefined) {
      problems.push(`${name} and ${fileName} are both set: set one of them`);
      continue;
    }
    try {
      // Editors and `echo` end a file with a line feed that is no part of the secret.
      given[name] = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      problems.push(`${fileName} must name a file that this user can read (${errorCode(error) ?? 'error'})`);
    }
  }
  return given;
}
