/**
 * Puts virtual modules in the place of what the product reaches the world by, and, where a mutation is asked for,
 * other text in the place of the product's own. The product's files are loaded as they are: nothing in them knows of
 * a simulation.
 */

import { registerHooks } from 'node:module';
import type { Mutation } from './mutations.ts';

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
  const applied = new Set<string>();
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
      const edits = mutation?.edits.filter(({ file }) => url === `${product}${file}`) ?? [];
      if (edits.length === 0) return loaded;
      let source = String(loaded.source);
      for (const { from, to } of edits) {
        if (source.split(from).length !== 2)
          throw new MutationMismatchError(mutation!.name, url.slice(root.length), from);
        source = source.replace(from, () => to);
      }
      applied.add(url);
      return { ...loaded, source };
    },
  });
}

/** The product's text has changed: say anew what the mutation replaces. */
export class MutationMismatchError extends Error {
  override readonly name = 'MutationMismatchError';
  constructor(mutation: string, file: string, from: string) {
    super(
      `mutation "${mutation}" wants to replace this in ${file}, which does not hold it exactly once:\n${from}`,
    );
  }
}
