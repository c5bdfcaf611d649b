/** Postgres stopped for 20 s under load: 201s go on, the instance stays ready, all is stored after it is back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { startClients } from '../support/clients.ts';
import { createInstance } from '../support/instance.ts';
import { Ledger, storedCount } from '../support/ledger.ts';
import { countByEvent, logLinesOf } from '../support/log-lines.ts';
import { startTestPostgres } from '../support/postgres.ts';
import { randomFromEnvironment } from '../support/random.ts';
import { until } from '../support/until.ts';

const awayMs = 20_000;

test('Postgres away for 20 s under load', { timeout: 300_000 }, async (t) => {
  const postgres = await startTestPostgres();
  t.after(() => postgres.stop());
  const databaseUrl = await postgres.createDatabase();
  const instance = await createInstance({ USAGE_FRONTS: '2', DATABASE_URL: databaseUrl });
  t.after(() => instance.close());
  await instance.start();
  const ledger = new Ledger();
  const clients = startClients({ url: instance.url, count: 4, ledger, random: randomFromEnvironment() });
  await until(() => clients.acknowledged() > 100, { what: 'usages are acknowledged' });

  const saidBefore = instance.output().length;
  await postgres.stop();
  const stoppedAt = performance.now();
  await until(async () => (await instance.metric('usage_postgres_up')) === 0, {
    what: 'Postgres is seen away',
  });
  await until(
    async () => {
      assert.equal((await fetch(`${instance.url}/readyz`)).status, 200);
      return performance.now() - stoppedAt > awayMs;
    },
    { what: '20 s are over' },
  );
  const goal = clients.acknowledged() + 100;
  await until(() => clients.acknowledged() >= goal, { what: '201s go on while Postgres is away' });
  // A line a change, not a line a try: Postgres was asked for again and again.
  const lines = logLinesOf(instance.output().slice(saidBefore));
  assert.ok(lines.length >= 1 && lines.length <= 5, JSON.stringify(countByEvent(lines)));
  await postgres.restart();

  await until(async () => (await instance.metric('usage_postgres_up')) === 1, {
    what: 'Postgres is seen back',
  });
  await clients.stop();
  assert.deepEqual(
    [...clients.statuses.keys()].filter((status) => status === 0 || status >= 500),
    [],
  );
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  await until(async () => (await storedCount(database)) >= clients.acknowledged(), { what: 'all is stored' });
  await ledger.check(database);
  await database.end();
  assert.equal(await instance.stop(), 0);
});
