/**
 * Puts virtual modules in the place of what the product reaches the world by, and, where a mutation is asked for,
 * other text in the place of the product's own. The product's files are loaded as they are: nothing in them knows of
 * a simulation.
 */

import { registerHooks } from 'node:module';
import { type Mutation, mutated } from './mutations.ts';

const root = new URL('../', import.meta.url).href;
const product = `${root}src/`;

/** What a file of the product asks for, and what it gets instead. */
const virtual: Readonly<Record<string, string>> = {
  'node:fs': 'disk/node-fs.ts',
  'node:fs/promises': 'disk/node-fs-promises.ts',
  'node:sqlite': 'disk/node-sqlite.ts',
  'node:timers/promises': 'node/timers-promises.ts',
  'node:crypto': 'node/crypto.ts',
  pg: 'postgres/pg.ts',
  'pg-copy-streams': 'postgres/pg-copy-streams.ts',
  'node-pg-migrate': 'postgres/node-pg-migrate.ts',
  kafkajs: 'kafka/kafkajs.ts',
  'node:child_process': 'node/child-process.ts',
};

/** Others look at the repository's own files, and at the machine. */
const isOnDisk = (file: string) => /^(front|relay|writer|store|log|system)\//.test(file);
const isDisk = (specifier: string) => /^node:(fs|fs\/promises|sqlite)$/.test(specifier);

function replacementFor(specifier: string, file: string): string | undefined {
  if (specifier === './raw-requests.ts') return 'kafka/raw-requests.ts';
  if (specifier === 'node:net') return file === 'log/kafka/client.ts' ? 'kafka/node-net.ts' : undefined;
  if (specifier === 'node:fs/promises' && file === 'postgres/migrate.ts') return 'node/repository-files.ts';
  if (specifier === 'node:child_process' && !file.startsWith('supervisor/')) return undefined;
  if (isDisk(specifier) && !isOnDisk(file)) return undefined;
  return virtual[specifier];
}

export function installLoader(mutation: Mutation | null): void {
  registerHooks({
    resolve(specifier, context, next) {
      const parent = context.parentURL ?? '';
      const replacement = parent.startsWith(product)
        ? replacementFor(specifier, parent.slice(product.length))
        : undefined;
      if (replacement === undefined) return next(specifier, context);
      return { url: new URL(replacement, import.meta.url).href, shortCircuit: true };
    },
    load(url, context, next) {
      const loaded = next(url, context);
      if (!mutation || !url.startsWith(product)) return loaded;
      return { ...loaded, source: mutated(mutation, url.slice(product.length), String(loaded.source)) };
    },
  });
}
