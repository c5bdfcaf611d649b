/** Holds how the code is laid out: imports go one way, and a file is named for what it holds. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const src = join(root, 'src');

/** Who may import whom; a folder may always import itself. */
const leaves = ['config', 'errors', 'observability', 'failpoints.ts', 'process-lock.ts', 'role'];
const mayImport: Record<string, readonly string[]> = {
  'cli.ts': ['commands', ...leaves],
  commands: ['supervisor', 'writer', 'log', 'postgres', 'usage', 'capacity', ...leaves],
  supervisor: ['front', 'writer', 'relay', 'log', 'postgres', 'usage', ...leaves],
  front: ['log', 'usage', ...leaves],
  writer: ['log', 'postgres', 'usage', ...leaves],
  relay: ['log', ...leaves],
  log: ['usage', ...leaves],
  postgres: ['usage', ...leaves],
  usage: ['errors'],
  capacity: [],
  role: ['config', 'errors', 'observability', 'failpoints.ts'],
  observability: ['config', 'errors'],
  config: ['errors'],
  errors: [],
  'failpoints.ts': [],
  'process-lock.ts': [],
};

/** Modules by which the outside world is reached. Pure helpers of Node, such as node:buffer, are none. */
const purebuiltins = ['buffer', 'crypto', 'util', 'assert', 'string_decoder', 'url', 'zlib'];

interface Import {
  readonly from: string;
  readonly specifier: string;
}

const files = sourceFiles();
const imports = files.flatMap(importsOf);

function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(src, name));
}

/** Static and dynamic ones with a literal specifier, types included; comments are left out first. */
function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const statements = text.matchAll(
    /^\s*(?:import|export)\b[^'";]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  );
  return [...statements].map((match) => ({ from: file, specifier: (match[1] ?? match[2] ?? match[3])! }));
}

/** The part of src/ that a file belongs to: its first folder, or its own name. */
function partOf(file: string): string {
  return relative(src, file).split('/')[0]!;
}

const shown = ({ from, specifier }: Import) => `${relative(root, from)} imports ${specifier}`;

test('the reader of imports finds them', () => {
  assert.ok(imports.length > files.length, 'fewer imports than files were found');
  assert.ok(imports.some(({ specifier }) => specifier === 'node:child_process'));
});

test('imports go one way: commands, supervisor, front and writer, log and postgres, usage', () => {
  const wrong = imports.filter(({ from, specifier }) => {
    if (!specifier.startsWith('.')) return false;
    const target = partOf(resolve(dirname(from), specifier));
    const source = partOf(from);
    return target !== source && target !== '..' && !mayImport[source]?.includes(target);
  });
  assert.deepEqual(wrong.map(shown), []);
});

test('every part of src/ is named in the table', () => {
  const unknown = [...new Set(files.map(partOf))].filter((part) => mayImport[part] === undefined);
  assert.deepEqual(unknown, []);
});

test('usage does no I/O', () => {
  const impure = imports.filter(
    ({ from, specifier }) =>
      partOf(from) === 'usage' &&
      builtinModules.includes(specifier.replace(/^node:/, '')) &&
      !purebuiltins.includes(specifier.replace(/^node:/, '')),
  );
  assert.deepEqual(impure.map(shown), []);
});

test('one file alone knows the HTTP server, one folder alone the database driver', () => {
  const owners: [RegExp, RegExp][] = [
    [/^uWebSockets\.js$/, /^src\/front\/uws\.ts$/],
    [/^kafkajs/, /^src\/log\/kafka\//],
    [/^(commander)$/, /^src\/cli\.ts$/],
    [/^(pg|pg-copy-streams|node-pg-migrate)$/, /^src\/(postgres|writer|commands)\//],
  ];
  for (const [module, owner] of owners) {
    const elsewhere = imports.filter(
      ({ from, specifier }) => module.test(specifier) && !owner.test(relative(root, from)),
    );
    assert.deepEqual(elsewhere.map(shown), []);
  }
});

test('every file is named for what it holds', () => {
  const empty = /^(index|utils?|helpers?|lib|types?|common|misc|interfaces?|constants?)$/;
  const bad = files.filter((file) => {
    const name = basename(file, '.ts');
    return empty.test(name) || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
  });
  assert.deepEqual(
    bad.map((file) => relative(root, file)),
    [],
  );
});

test('only syntax that can be erased, and imports with their extension', () => {
  const without = imports.filter(({ specifier }) => specifier.startsWith('.') && !specifier.endsWith('.ts'));
  assert.deepEqual(without.map(shown), []);
});
