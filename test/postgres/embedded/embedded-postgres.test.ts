import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFile, open, readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../../src/observability/logger.ts';
import { EmbeddedPostgresError } from '../../../src/postgres/embedded/embedded-error.ts';
import { createEmbeddedPostgres } from '../../../src/postgres/embedded/embedded-postgres.ts';
import { sharedBuffersMiB } from '../../../src/postgres/embedded/server-settings.ts';
import { type Closing, closeAfter } from '../../support/close-after.ts';
import { temporaryFolder } from '../../support/embedded-process.ts';
import { query } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

function embedded(
  t: Closing,
  options: Partial<Parameters<typeof createEmbeddedPostgres>[0]> & { dataDir: string },
) {
  const server = createEmbeddedPostgres({ port: 0, logger: silentLogger, ...options });
  closeAfter(t, () => server.stop());
  return server;
}

const withReason = (reason: string) => (error: unknown) => {
  assert.ok(error instanceof EmbeddedPostgresError, String(error));
  assert.equal(error.reason, reason, error.message);
  return true;
};

test('keeps data and port between starts, and closes its files to others', async (t) => {
  const dataDir = await temporaryFolder(t);
  const first = embedded(t, { dataDir });
  const { url } = await first.start();
  await query(url, 'create table kept (n int)');
  await query(url, 'insert into kept values (7)');
  await first.stop();
  assert.deepEqual(await readdir(join(dataDir, 'postgres')), ['connection.json', 'data', 'server.log']);
  for (const name of ['connection.json', 'server.log']) {
    assert.equal((await stat(join(dataDir, 'postgres', name))).mode & 0o777, 0o600, name);
  }
  assert.equal((await stat(join(dataDir, 'postgres', 'data'))).mode & 0o777, 0o700);

  const second = embedded(t, { dataDir });
  assert.equal((await second.start()).url, url);
  assert.deepEqual(await query(url, 'select n from kept'), [{ n: 7 }]);
});

test('is durable, UTF8 in locale C, and reachable on loopback with the password alone', async (t) => {
  const { url, port } = await embedded(t, { dataDir: await temporaryFolder(t) }).start();
  const settings = await query<{ name: string; setting: string }>(
    url,
    `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit',
      'listen_addresses', 'unix_socket_directories', 'server_encoding', 'password_encryption', 'data_checksums')
     union all select 'collate', datcollate from pg_database where datname = current_database() order by name`,
  );
  assert.deepEqual(Object.fromEntries(settings.map(({ name, setting }) => [name, setting])), {
    collate: 'C',
    data_checksums: 'on',
    fsync: 'on',
    full_page_writes: 'on',
    listen_addresses: '127.0.0.1',
    password_encryption: 'scram-sha-256',
    server_encoding: 'UTF8',
    synchronous_commit: 'on',
    unix_socket_directories: '',
  });
  const wrong = new URL(url);
  wrong.password = 'wrong';
  await assert.rejects(query(wrong.toString(), 'select 1'), { code: '28P01' });
  wrong.password = '';
  await assert.rejects(query(wrong.toString(), 'select 1'));
  const listening = (await readFile('/proc/net/tcp', 'utf8'))
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local, , state]) =>
        local?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`) && state === '0A',
    );
  assert.deepEqual(
    listening.map(([, local]) => local!.split(':')[0]),
    ['0100007F'],
  );
});

test('its buffers follow the memory of the machine, and an operator may change them', async (t) => {
  assert.deepEqual(
    [0.5, 1, 2, 4, 8, 64].map((gib) => sharedBuffersMiB(gib * 2 ** 30)),
    [128, 128, 256, 512, 1_024, 1_024],
  );
  const dataDir = await temporaryFolder(t);
  const server = embedded(t, { dataDir });
  const buffersMiB = async () => {
    const { url } = await server.start();
    const [row] = await query<{ mib: number }>(
      url,
      "select (pg_size_bytes(current_setting('shared_buffers')) >> 20)::int as mib",
    );
    return row!.mib;
  };
  // In a container less than of the machine, and not below what serves everywhere.
  const mib = await buffersMiB();
  assert.ok(mib >= 128 && mib <= sharedBuffersMiB(totalmem()), `${mib} MiB`);
  await server.stop();
  await appendFile(join(dataDir, 'postgres', 'data', 'postgresql.conf'), 'shared_buffers = 64MB\n');
  assert.equal(await buffersMiB(), 64);
});

test('a port that is taken: another one, unless the setting fixes it', async (t) => {
  const dataDir = await temporaryFolder(t);
  const server = embedded(t, { dataDir });
  const { port } = await server.start();
  await server.stop();
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
  closeAfter(t, () => new Promise<void>((resolve) => squatter.close(() => resolve())));

  await assert.rejects(embedded(t, { dataDir, port }).start(), withReason('port_taken'));
  const other = await server.start();
  assert.notEqual(other.port, port);
  assert.deepEqual(await query(other.url, 'select 1 as n'), [{ n: 1 }]);
});

/** A server that has ended, whose lock file names another program's pid: ours. */
async function withForeignLock(t: Closing) {
  const dataDir = await temporaryFolder(t);
  const server = embedded(t, { dataDir });
  await server.start();
  await server.stop();
  const data = join(dataDir, 'postgres', 'data');
  const lock = join(data, 'postmaster.pid');
  await writeFile(lock, `${process.pid}\n${data}\n1700000000\n5432\n\n127.0.0.1\n`);
  return { server, dataDir, lock };
}

test('a lock file of a dead server whose pid is another program by now does not stop it', async (t) => {
  const { server } = await withForeignLock(t);
  await server.start();
  assert.ok(process.pid, 'the other program lives');
});

test('a dead server that takes its lock file away while it is looked at does not stop the start', async (t) => {
  const { server, dataDir, lock } = await withForeignLock(t);
  // The start reads the lock first and its owner second, which here waits until the lock is gone.
  const owner = join(dataDir, 'postgres', 'owner.json');
  assert.equal(spawnSync('mkfifo', [owner]).status, 0);
  const started = server.start();
  const asked = await open(owner, 'w');
  await unlink(lock);
  await asked.close();
  assert.deepEqual(await query((await started).url, 'select 1 as n'), [{ n: 1 }]);
});

test('tells when the server ends unasked, and starts again with what was committed', async (t) => {
  const dataDir = await temporaryFolder(t);
  const exit = Promise.withResolvers<{ signal: NodeJS.Signals | null }>();
  const server = embedded(t, { dataDir, onExit: exit.resolve });
  const { url, pid } = await server.start();
  await query(url, 'create table kept (n int)');
  await query(url, 'insert into kept values (7)');
  process.kill(pid, 'SIGKILL');
  assert.equal((await exit.promise).signal, 'SIGKILL');
  const again = await server.start();
  assert.notEqual(again.pid, pid);
  assert.deepEqual(await query(again.url, 'select n from kept'), [{ n: 7 }]);
});

test('start and stop give the promise in flight, and follow each other in any order', async (t) => {
  const server = embedded(t, { dataDir: await temporaryFolder(t) });
  await server.stop();
  const start = server.start();
  assert.equal(server.start(), start);
  const stop = server.stop();
  assert.equal(server.stop(), stop);
  await assert.rejects(start, withReason('stopped'));
  await stop;
  const restart = server.start();
  await restart;
  const stopping = server.stop();
  const after = server.start();
  await stopping;
  assert.deepEqual(await query((await after).url, 'select 1 as n'), [{ n: 1 }]);
});

test('a server that hangs is ended all the same', async (t) => {
  const server = embedded(t, { dataDir: await temporaryFolder(t), stopTimeoutMs: 200 });
  const { pid } = await server.start();
  process.kill(pid, 'SIGSTOP');
  await server.stop();
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('the log of the server holds no value of a row, whatever is refused', async (t) => {
  const dataDir = await temporaryFolder(t);
  const server = embedded(t, { dataDir });
  const { url } = await server.start();
  await query(url, 'create table secret (patient text primary key, n int check (n < 10), at timestamptz)');
  const values = ['SECRET-patient', '5', '2016-11-01'];
  const insert = 'insert into secret values ($1, $2, $3)';
  await query(url, insert, values);
  await assert.rejects(query(url, insert, values), { code: '23505' });
  await assert.rejects(query(url, insert, ['SECRET-a', '50', '2016-11-01']), { code: '23514' });
  await assert.rejects(query(url, insert, ['SECRET-b', '1', 'SECRET-time']), { code: '22007' });
  await assert.rejects(query(url, "select 'SECRET-c'::uuid"), { code: '22P02' });
  await assert.rejects(query(url, "do $$ begin raise exception 'SECRET-d'; end $$"), { code: 'P0001' });
  await query(url, "do $$ begin raise warning 'SECRET-e'; end $$");
  // A backend that crashes makes the server tell what it was at.
  const crashing = query(url, "select pg_sleep(60), 'SECRET-f'");
  const asleep = "select pid from pg_stat_activity where wait_event = 'PgSleep'";
  const [backend] = await until(
    async () => {
      const found = await query<{ pid: number }>(url, asleep);
      return found.length > 0 ? found : null;
    },
    { what: 'the backend sleeps' },
  );
  process.kill(backend!.pid, 'SIGKILL');
  await assert.rejects(crashing);
  await server.stop();
  const log = await readFile(join(dataDir, 'postgres', 'server.log'), 'utf8');
  assert.match(log, /was terminated by signal 9/);
  assert.doesNotMatch(log, /SECRET/);
});
