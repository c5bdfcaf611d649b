/** Keys of a whole instance: made on the command line, asked for by every front, in the row, gone when revoked. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createInstance, startCommand } from '../support/instance.ts';
import { query } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const instance = await createInstance({ USAGE_AUTH: 'on', USAGE_FRONTS: '4' });
after(() => instance.close());
await instance.start();

const usage = { patientId: '100', medication: 'Albuterol', timestamp: '2016-11-01T09:11:51-05:00' };

/** One usage over a connection of its own, so that it reaches any of the fronts. */
async function post(key: string | null, body: object = usage): Promise<{ status: number; code?: string }> {
  const response = await fetch(`${instance.url}/api/usages`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { connection: 'close', ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
  });
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, ...(code === undefined ? {} : { code }) };
}

/** Eight clients that post as fast as they are answered: how many usages were taken, and in which time. */
async function pressFor(ms: number, key: string): Promise<{ taken: number; seconds: number }> {
  const startMs = performance.now();
  let taken = 0;
  const client = async () => {
    while (performance.now() - startMs < ms) if ((await post(key)).status === 201) taken += 1;
  };
  await Promise.all(Array.from({ length: 8 }, client));
  return { taken, seconds: (performance.now() - startMs) / 1_000 };
}

/** Every front answers so: 40 connections in a row do. */
async function untilAll(key: string, expected: { status: number; code?: string }): Promise<void> {
  let alike = 0;
  await until(
    async () => {
      const answer = await post(key);
      alike = JSON.stringify(answer) === JSON.stringify(expected) ? alike + 1 : 0;
      return alike === 40;
    },
    { what: `every front answers ${JSON.stringify(expected)}` },
  );
}

function keys(...args: string[]): string {
  const [node, ...words] = startCommand;
  const { stdout, stderr, status } = spawnSync(node!, [...words.slice(0, -1), 'keys', ...args], {
    env: { PATH: process.env.PATH, DATA_DIR: instance.dataDir },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

interface Made {
  readonly id: string;
  readonly number: number;
  readonly key: string;
}

const make = (...args: string[]) => JSON.parse(keys(...args, '--json')) as Made;

test('made, used, rotated, revoked; the database away, and a restart meanwhile', async () => {
  assert.deepEqual(await post(null), { status: 401, code: 'key_missing' });
  const clinic = make('create', '--name', 'clinic');
  await untilAll(clinic.key, { status: 201 });

  const databaseUrl = await instance.databaseUrl();
  const rows = () =>
    query<{ number: number }>(databaseUrl, 'select distinct key_number as number from usages');
  await until(async () => (await rows()).length > 0, { what: 'a row is stored' });
  assert.deepEqual(await rows(), [{ number: clinic.number }]);
  await until(() => JSON.parse(keys('list', '--json'))[0].lastUsedAt, { what: 'the last use is kept' });

  const next = make('rotate', clinic.id, '--overlap', '1h');
  await untilAll(next.key, { status: 201 });
  await untilAll(clinic.key, { status: 201 });
  keys('revoke', clinic.id);
  await untilAll(clinic.key, { status: 403, code: 'key_revoked' });

  const limited = make('create', '--name', 'limited', '--rate', '50', '--burst', '50');
  await until(async () => (await post(limited.key)).status !== 401, { what: 'the limited key is known' });
  const { taken, seconds } = await pressFor(4_000, limited.key);
  const allowed = 50 + 50 * seconds;
  assert.ok(taken <= allowed * 1.1 && taken >= 50 * seconds * 0.9, `${taken} taken, ${allowed} allowed`);

  assert.equal((await stat(join(instance.dataDir, 'keys.json'))).mode & 0o777, 0o600);
  assert.match(keys('list'), /revoked/);
  for (const shown of [keys('list'), keys('export'), instance.output()])
    for (const made of [clinic, next]) assert.ok(!shown.includes(made.key.slice(17)), 'a secret is shown');

  // A database that is nowhere: what was known serves, after a restart too.
  await instance.stop();
  await instance.start({ DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' });
  await untilAll(next.key, { status: 201 });
  await untilAll(clinic.key, { status: 403, code: 'key_revoked' });
});
