/**
 * Postgres away for longer than the log holds: 503 and not ready, nothing acknowledged is lost; once Postgres is
 * back and the log has room again it takes usages without a restart.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { startClients } from '../support/clients.ts';
import { createInstance } from '../support/instance.ts';
import { Ledger, storedCount } from '../support/ledger.ts';
import { countByEvent, logLinesOf } from '../support/log-lines.ts';
import { randomFromEnvironment } from '../support/random.ts';
import { until } from '../support/until.ts';

test('a full log is 503 and recovers by itself', { timeout: 300_000 }, async (t) => {
  const instance = await createInstance({
    USAGE_FRONTS: '1',
    USAGE_LOG_SEGMENT_BYTES: '65536',
    USAGE_LOCAL_LOG_BYTES_MAX: `${1024 * 1024}`,
  });
  t.after(() => instance.close());
  await instance.start();
  const ready = async () => (await fetch(`${instance.url}/readyz`)).status;

  // A postmaster and its backends that are stopped, not dead: nobody restarts them, and nothing answers.
  const postgres = await instance.pids('postgres');
  const ledger = new Ledger();
  const clients = startClients({ url: instance.url, count: 4, ledger, random: randomFromEnvironment() });
  const backends = [...postgres, ...(await instance.childrenOf(postgres[0]!))];
  const saidBefore = instance.output().length;
  for (const pid of backends) process.kill(pid, 'SIGSTOP');
  try {
    await until(() => (clients.statuses.get(503) ?? 0) > 0, { what: 'the log is full: 503' });
    await until(async () => (await ready()) === 503, { what: 'it says that it is not ready' });
    assert.equal((await fetch(`${instance.url}/healthz`)).status, 200);
    const refused = (clients.statuses.get(503) ?? 0) + 100;
    await until(() => (clients.statuses.get(503) ?? 0) >= refused, { what: '100 more are refused' });
    const lines = logLinesOf(instance.output().slice(saidBefore)).filter((line) =>
      line.event.startsWith('log_'),
    );
    assert.ok(lines.length >= 1 && lines.length <= 10, JSON.stringify(countByEvent(lines)));
  } finally {
    for (const pid of backends) process.kill(pid, 'SIGCONT');
  }
  await until(async () => (await ready()) === 200, { what: 'it is ready again' });
  const goal = clients.acknowledged() + 100;
  await until(() => clients.acknowledged() >= goal, { what: '201s go on' });
  await clients.stop();

  const database = new pg.Client({ connectionString: await instance.databaseUrl() });
  await database.connect();
  await until(async () => (await storedCount(database)) >= clients.acknowledged(), { what: 'all is stored' });
  await ledger.check(database);
  await database.end();
  assert.equal(await instance.metric('usage_role_restarts_total'), 0);
  assert.equal(await instance.stop(), 0);
});
