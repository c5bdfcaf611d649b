/** The settings as a person reads about them: for `--help`, docs/config.md and `check-config`. */

import { z } from 'zod';
import { fileNameOf, secretSettings } from './secret-files.ts';
import { type SettingName, settingsSchema } from './settings.ts';

export interface SettingDescription {
  readonly name: SettingName;
  /** In words where it depends on the machine; null where there is none. */
  readonly default: string | null;
  /** What may stand there. */
  readonly bounds: string;
  readonly description: string;
}

/** Defaults that a generated page must not take from the machine that generated it. */
const defaultsInWords: Partial<Record<SettingName, string>> = { USAGE_FRONTS: 'half the cores, at most 64' };

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly pattern?: string;
}

/** Every setting, in the order of the schema. */
export function describeSettings(): SettingDescription[] {
  const { properties = {} } = z.toJSONSchema(settingsSchema, { io: 'output' });
  return Object.entries(properties as Record<SettingName, JsonSchema>).map(([key, schema]) => {
    const name = key as SettingName;
    const plainDefault = schema.default === undefined ? null : String(schema.default);
    return {
      name,
      default: defaultsInWords[name] ?? plainDefault,
      bounds: boundsOf(schema),
      description: `${schema.description ?? ''}${isSecret(name) ? ` ${fileNameOf(name)} may name a file that holds it.` : ''}`,
    };
  });
}

function isSecret(name: SettingName): boolean {
  return (secretSettings as readonly string[]).includes(name);
}

function boundsOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.join(', ');
  if (schema.type === 'number') return `${schema.minimum} to ${schema.maximum}`;
  return schema.pattern?.includes('postgres') ? 'postgres://...' : 'text';
}
