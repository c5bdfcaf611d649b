/** A role that runs alone has the runtime of one that the supervisor forked, and is the process that was started. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { roleNodeArguments } from '../../src/role/arguments.ts';
import { makeTempDir } from '../support/local-log.ts';
import { until } from '../support/until.ts';

const entry = fileURLToPath(new URL('../../bin/usage-ingest.js', import.meta.url));

/** A front that is ready. */
async function startFront(t: TestContext, options: { node?: string[]; env?: Record<string, string> } = {}) {
  const child = spawn(process.execPath, [...(options.node ?? []), entry, 'start', '--role', 'front'], {
    env: {
      PATH: process.env.PATH,
      DATA_DIR: await makeTempDir(t),
      PORT: '0',
      ADMIN_PORT: '0',
      LOG_LEVEL: 'debug',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  await until(
    () => {
      assert.equal(child.exitCode, null, output);
      return output.includes('role_started');
    },
    { what: 'the front is ready' },
  );
  const proc = (file: string) => readFile(`/proc/${child.pid}/${file}`, 'utf8');
  return {
    child,
    output: () => output,
    argv: (await proc('cmdline')).split('\0').slice(0, -1),
    environment: (await proc('environ')).split('\0'),
    children: (await proc(`task/${child.pid}/children`)).trim(),
  };
}

test('it is the started process itself, with the arguments and the environment of a role', async (t) => {
  const { child, output, argv, environment, children } = await startFront(t);
  for (const argument of roleNodeArguments) assert.ok(argv.includes(argument), argv.join(' '));
  assert.deepEqual(argv.slice(-4), [entry, 'start', '--role', 'front']);
  assert.ok(environment.includes('MALLOC_ARENA_MAX=1'));
  assert.equal(children, '');
  assert.doesNotMatch(output(), /ExperimentalWarning/);
  child.kill('SIGTERM');
  const [code, signal] = await once(child, 'exit');
  assert.deepEqual([code, signal], [0, null]);
});

test('what the operator gives comes first', async (t) => {
  const { child, argv, environment } = await startFront(t, {
    node: ['--max-semi-space-size=16', '--disable-warning=ExperimentalWarning'],
    env: { MALLOC_ARENA_MAX: '4' },
  });
  const sizes = argv.filter((argument) => argument.startsWith('--max-semi-space-size='));
  assert.equal(sizes.at(-1), '--max-semi-space-size=16');
  assert.deepEqual(
    environment.filter((each) => each.startsWith('MALLOC_ARENA_MAX')),
    ['MALLOC_ARENA_MAX=4'],
  );
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('wrong settings end it with 78', async (t) => {
  const child = spawn(process.execPath, [entry, 'start', '--role', 'front'], {
    env: { PATH: process.env.PATH, DATA_DIR: await makeTempDir(t), PORT: 'none' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', (chunk) => (text += chunk));
  assert.deepEqual(await once(child, 'close'), [78, null]);
  assert.match(text, /PORT/);
});

test('a front alone that asks for keys must be given a file of them', async (t) => {
  const env = {
    HOST: '0.0.0.0',
    PORT: '0',
    ADMIN_PORT: '0',
    DATA_DIR: await makeTempDir(t),
    PATH: process.env.PATH,
  };
  const child = spawn(process.execPath, [entry, 'start', '--role', 'front'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let told = '';
  child.stderr.on('data', (chunk) => (told += chunk));
  const [code] = await once(child, 'close');
  assert.equal(code, 78, told);
  assert.match(told, /USAGE_KEYS_FILE must be set/);
});
