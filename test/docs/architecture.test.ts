/** Holds how the code is laid out: imports go one way, and a file is named for what it holds. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const src = join(root, 'src');

/** Who imports whom, in the order of the data; a room may always import itself. Nothing is granted that is not used. */
const mayImport: Record<string, readonly string[]> = {
  'cli.ts': ['commands', 'role', 'system'],
  commands: [
    'supervisor',
    'role',
    'store',
    'keys',
    'log',
    'postgres',
    'capacity',
    'config',
    'observability',
    'system',
  ],
  supervisor: ['admin', 'role', 'keys', 'store', 'postgres', 'config', 'observability', 'system'],
  front: ['role', 'keys', 'log', 'usage', 'http', 'config', 'observability', 'system'],
  relay: ['role', 'store', 'log', 'postgres', 'config', 'observability', 'system'],
  writer: ['role', 'store', 'log', 'postgres', 'usage', 'config', 'observability', 'system'],
  store: ['keys', 'log', 'postgres', 'usage', 'observability', 'system'],
  admin: ['role', 'keys', 'http', 'config', 'observability', 'system'],
  role: ['admin', 'config', 'observability', 'system'],
  log: ['usage', 'config', 'observability', 'system'],
  postgres: ['config', 'observability', 'system'],
  keys: ['http', 'config', 'observability', 'system'],
  usage: [],
  http: [],
  capacity: [],
  observability: ['system'],
  config: ['system'],
  system: [],
};

/** Modules by which the outside world is reached. Pure helpers of Node, such as node:buffer, are none. */
const purebuiltins = ['buffer', 'crypto', 'util', 'assert', 'string_decoder', 'url', 'zlib'];

interface Import {
  readonly from: string;
  readonly specifier: string;
}

const files = sourceFiles();
const imports = files.flatMap(importsOf);

function sourceFiles(folder = src): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
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

test('imports go one way: commands, supervisor, front | relay | writer, store | log | admin, postgres, usage', () => {
  const wrong = imports.filter(({ from, specifier }) => {
    if (!specifier.startsWith('.')) return false;
    const target = partOf(resolve(dirname(from), specifier));
    const source = partOf(from);
    return target !== source && target !== '..' && !mayImport[source]?.includes(target);
  });
  assert.deepEqual(wrong.map(shown), []);
});

test('every room of src/ is in the table, and the table grants what is used, no more', () => {
  const used: Record<string, Set<string>> = {};
  for (const file of files) used[partOf(file)] ??= new Set();
  for (const { from, specifier } of imports) {
    if (!specifier.startsWith('.')) continue;
    const target = partOf(resolve(dirname(from), specifier));
    if (target !== partOf(from) && target !== '..') used[partOf(from)]!.add(target);
  }
  const sorted = (rooms: Iterable<string>) => [...rooms].sort();
  const expected = Object.entries(mayImport).map(([room, rooms]) => [room, sorted(rooms)]);
  const actual = Object.entries(used).map(([room, rooms]) => [room, sorted(rooms)]);
  assert.deepEqual(Object.fromEntries(actual), Object.fromEntries(expected));
});

test('no file imports itself, however long the way', () => {
  const targets = new Map<string, string[]>(files.map((file) => [file, []]));
  for (const { from, specifier } of imports) {
    if (specifier.startsWith('.')) targets.get(from)!.push(resolve(dirname(from), specifier));
  }
  /** Files that are known to lead into no circle. */
  const clear = new Set<string>();
  const circleThrough = (file: string, path: readonly string[]): readonly string[] | null => {
    if (clear.has(file)) return null;
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    for (const target of targets.get(file) ?? []) {
      const circle = circleThrough(target, [...path, file]);
      if (circle) return circle;
    }
    clear.add(file);
    return null;
  };
  const circles = files.map((file) => circleThrough(file, [])).filter((circle) => circle !== null);
  assert.deepEqual(
    circles.map((circle) => circle.map((file) => relative(root, file)).join(' -> ')),
    [],
  );
});

test('neither program nor tools import what is of the tests; the benchmark shares harness/ with them', () => {
  // docs/ makes a page of what the tests tried.
  const outside = ['analytics', 'bench', 'grafana', 'harness', 'kafka', 'src'];
  const wrong = outside
    .flatMap((folder) => sourceFiles(join(root, folder)).flatMap(importsOf))
    .filter(({ from, specifier }) => {
      const target = relative(root, resolve(dirname(from), specifier)).split('/')[0];
      return specifier.startsWith('.') && target === 'test';
    });
  assert.deepEqual(wrong.map(shown), []);
});

test('no path is read off a URL, where a blank is %20', () => {
  const folders = ['analytics', 'bench', 'bin', 'harness', 'kafka', 'src', 'test'];
  const wrong = folders
    .flatMap((folder) => sourceFiles(join(root, folder)))
    .filter((file) => /import\.meta\.url\)\.pathname\b/.test(readFileSync(file, 'utf8')));
  assert.deepEqual(wrong, []);
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
    [/^(pg|pg-copy-streams|node-pg-migrate)$/, /^src\/(postgres|store|commands)\//],
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

const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

test('docs/architecture.md names every room, of src/ and beside it, and no other', () => {
  const table = /## The rooms\n([\s\S]*?)\n## /.exec(page)![1]!;
  const cells = table.split('\n').flatMap((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? []);
  const named = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, path]) => path!));
  const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
  const rooms = tracked
    .filter((path) => path.includes('/') && !path.startsWith('.'))
    .map((path) => /^src\/[^/]+(\/|$)|^[^/]+\//.exec(path)![0]);
  assert.deepEqual(named.sort(), [...new Set(rooms)].sort());
});

test('every file that docs/architecture.md names is there', () => {
  const named = [...page.matchAll(/`((?:[\w.-]+\/)+[\w.-]*)`/g)].map(([, path]) => path!);
  assert.ok(named.length > 60, `only ${named.length} paths were found`);
  assert.deepEqual(
    named.filter((path) => !existsSync(join(root, path))),
    [],
  );
});
