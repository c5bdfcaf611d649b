/** A whole instance over a database of the operator's own: away at the start, emptied, restored to an older state. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInstance, type Instance } from '../support/instance.ts';
import { query, startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

/** An empty database, not migrated. */
async function createEmpty(postgres: TestPostgres, name: string): Promise<string> {
  await query(postgres.url, `create database ${name}`);
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  return url.toString();
}

/** Posts `count` usages of one patient; resolves with the ids that were acknowledged. */
async function post(instance: Instance, patientId: string, count: number): Promise<string[]> {
  const usages = Array.from({ length: count }, (_, at) => ({
    patientId,
    medication: 'Albuterol',
    timestamp: 1_478_009_511_000 + at,
  }));
  const response = await fetch(`${instance.url}/api/usages`, {
    method: 'POST',
    body: JSON.stringify(usages),
  });
  assert.equal(response.status, 201);
  const { results } = (await response.json()) as { results: { id: string }[] };
  return results.map(({ id }) => id).sort();
}

const storedIds = async (url: string) =>
  (await query<{ id: string }>(url, 'select id from usages order by id')).map(({ id }) => id);

/** Waits for exactly these ids; a table that is not there (yet) holds none. */
async function untilStored(url: string, ids: readonly string[]): Promise<void> {
  const found = () => storedIds(url).catch(() => []);
  await until(async () => (await found()).length >= ids.length, { what: `${ids.length} rows are stored` });
  assert.deepEqual(await found(), [...ids].sort());
}

async function start(t: { after(close: () => Promise<void>): void }, url: string): Promise<Instance> {
  const instance = await createInstance({ USAGE_FRONTS: '1', DATABASE_URL: url });
  t.after(() => instance.close());
  await instance.start();
  return instance;
}

test('a database that is away at the start: 201 all the same; once it is there, migrated and filled', async (t) => {
  const postgres = await startTestPostgres({ t });
  const url = await createEmpty(postgres, 'away');
  await postgres.stop();
  const instance = await start(t, url);
  const ids = await post(instance, 'early', 10);
  await until(async () => instance.output().includes('"postgres_away"'), { what: 'the writer tells' });
  assert.equal(await instance.metric('usage_postgres_up'), 0);
  assert.equal((await fetch(`${instance.url}/readyz`)).status, 200);
  assert.equal((await fetch(`${instance.adminUrl}/readyz`)).status, 200);
  await postgres.restart();
  await untilStored(url, ids);
  assert.equal(await instance.metric('usage_role_restarts_total'), 0);
  assert.equal(await instance.stop(), 0);
});

test('a database that was emptied under the running instance gets its rows back from the kept log', async (t) => {
  const postgres = await startTestPostgres({ t });
  const url = await createEmpty(postgres, 'emptied');
  const instance = await start(t, url);
  const ids = await post(instance, 'kept', 10);
  await untilStored(url, ids);
  await query(postgres.url, 'drop database emptied with (force)');
  await createEmpty(postgres, 'emptied');
  await untilStored(url, ids);
  ids.push(...(await post(instance, 'later', 5)));
  await untilStored(url, ids);
  assert.equal(await instance.metric('usage_log_gaps_total'), 0);
  assert.equal(await instance.stop(), 0);
});

test('a database restored to an older state gets what it lacks; what it has is not stored twice', async (t) => {
  const postgres = await startTestPostgres({ t });
  const url = await createEmpty(postgres, 'restored');
  const instance = await start(t, url);
  const ids = await post(instance, 'old', 10);
  await untilStored(url, ids);
  assert.equal(await instance.stop(), 0);
  await query(postgres.url, 'create database backup template restored');
  await instance.start();
  ids.push(...(await post(instance, 'young', 10)));
  await untilStored(url, ids);
  // Under the running writer, as a failover to an older standby is.
  await query(postgres.url, 'alter database restored with allow_connections false');
  await query(
    postgres.url,
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'restored'",
  );
  await query(postgres.url, 'drop database restored with (force)');
  await query(postgres.url, 'alter database backup rename to restored');
  await untilStored(url, ids);
  assert.equal(await instance.metric('usage_log_gaps_total'), 0);
  assert.equal(await instance.stop(), 0);
});
