/** Behind PgBouncer, whose sessions are not one client's own: in session mode, and in transaction mode with its defaults. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { keptPort } from '../../harness/kept-port.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { knownMigrations, migrate } from '../../src/postgres/migrate.ts';
import { createMemoryLog } from '../support/memory-log.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedRecord } from '../support/usage-records.ts';

const postgres = await startTestPostgres();
const isThere = spawnSync('pgbouncer', ['--version']).status === 0;

/** The URL of the same database behind a pooler. */
async function startPooler(t: TestContext, url: string, mode: 'session' | 'transaction'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const target = new URL(url);
  const port = await keptPort();
  const database = target.pathname.slice(1);
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    `[databases]
${database} = host=127.0.0.1 port=${target.port} user=${target.username} password=${decodeURIComponent(target.password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${mode === 'session' ? 20 : 3}
logfile =
`,
  );
  await chmod(folder, 0o755);
  await chmod(join(folder, 'pgbouncer.ini'), 0o644);
  // It refuses to run as root.
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const pooler = spawn('pgbouncer', ['-q', ...asUser, join(folder, 'pgbouncer.ini')], { stdio: 'inherit' });
  const ended = new Promise((resolve) => pooler.once('exit', resolve));
  t.after(() => {
    pooler.kill('SIGKILL');
    return ended;
  });
  const pooled = new URL(url);
  pooled.port = String(port);
  const answers = () =>
    query(pooled.toString(), 'select 1')
      .then(() => true)
      .catch(() => false);
  await until(answers, { what: 'the pooler' });
  return pooled.toString();
}

describe('PgBouncer', { concurrency: false, skip: isThere ? false : 'pgbouncer is not installed' }, () => {
  for (const mode of ['session', 'transaction'] as const) {
    it(`in ${mode} mode: migrations leave no lock behind, and everything is stored once`, async (t) => {
      const name = `pooled_${mode}`;
      await query(postgres.url, `create database ${name}`);
      const url = postgres.url.replace(/[^/]*$/, name);
      const pooled = await startPooler(t, url, mode);
      const done = await Promise.all([1, 2, 3].map(() => migrate(pooled, silentLogger)));
      assert.deepEqual(done.map(({ length }) => length).sort(), [0, 0, (await knownMigrations()).length]);
      assert.deepEqual(await query(url, "select 1 from pg_locks where locktype = 'advisory'"), []);
      const log = createMemoryLog();
      for (let n = 0; n < 60; n += 1) log.partition(`p${n % 6}`).append(numberedRecord(n * 50, 50));
      // Repeats too: those go through a temporary table.
      for (let n = 0; n < 60; n += 1) log.partition(`p${n % 6}`).append(numberedRecord(n * 50, 60));
      const settings = { USAGE_WRITER_CONNECTIONS: '4', USAGE_WRITER_BATCH_BYTES_MAX: '16384' };
      const writers = [
        await startTestWriter(t, log.reader(), pooled, settings),
        await startTestWriter(t, log.reader(), pooled, settings),
      ];
      await until(
        () =>
          [0, 1, 2, 3, 4, 5].every(
            (n) => log.partition(`p${n}`).storedPosition === log.partition(`p${n}`).end,
          ),
        { what: 'everything' },
      );
      const [row] = await query(url, 'select count(*)::int as n, count(distinct id)::int as ids from usages');
      assert.deepEqual(row, { n: 3_010, ids: 3_010 });
      for (const writer of writers) assert.equal(writer.logged.count('store_failing'), 0);
      const tables = await query(url, "select 1 from pg_class where relname = 'usages_staged'");
      assert.deepEqual(tables, [], 'no temporary table is left in a session of the pooler');
    });
  }
});
