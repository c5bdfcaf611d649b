/** Who may send: keys as a front asks for them, over real sockets. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makeApiKey } from '../../src/keys/api-key.ts';
import { keyedUsageColumns, usageColumns } from '../../src/usage/row.ts';
import { assertProblem, post, send, startFront, usage } from '../support/front.ts';
import { knownKey, makeKeyFile, type TestKey } from '../support/known-key.ts';
import { until } from '../support/until.ts';

/** A front that asks for keys, and knows these. */
async function startKeyed(t: TestContext, keys: readonly TestKey[]) {
  const { path, write } = await makeKeyFile(t, keys);
  return { ...(await startFront(t, { USAGE_AUTH: 'on', USAGE_KEYS_FILE: path })), write };
}

const bearer = (text: string) => ({ Authorization: `Bearer ${text}` });

test('with a key, either way of sending it: 201, and its number stands in the row', async (t) => {
  const one = knownKey(7);
  const { port, appender } = await startKeyed(t, [one]);
  const ways: Record<string, string>[] = [
    bearer(one.text),
    { 'X-API-Key': one.text },
    { Authorization: `bearer  ${one.text}` },
  ];
  for (const headers of ways) assert.equal((await post(port, usage, headers)).status, 201);
  assert.equal((await post(port, [usage, { ...usage, dose: 2 }], bearer(one.text))).status, 201);
  assert.ok(appender.rows().every((row) => row.split('\t').length === 8 && row.endsWith('\t7')));
  assert.equal(appender.rows().length, 5);
  assert.deepEqual([...new Set(appender.groups.map(({ header }) => header.columns))], [keyedUsageColumns]);
});

test('without a key, with an unknown, a revoked or an expired one: its own code, and nothing is taken', async (t) => {
  const good = knownKey(1);
  const revoked = knownKey(2, { isRevoked: true });
  const expired = knownKey(3, { expiresAtMs: 0 });
  const { port, appender } = await startKeyed(t, [good, revoked, expired]);
  const missing = await post(port, usage);
  assertProblem(missing, 401, 'key_missing');
  assert.equal(missing.headers['www-authenticate'], 'Bearer');
  const unknown = await post(port, usage, bearer(makeApiKey().text));
  assertProblem(unknown, 401, 'key_unknown');
  assert.equal(unknown.headers['www-authenticate'], 'Bearer');
  assertProblem(await post(port, usage, bearer('')), 401, 'key_unknown');
  assertProblem(await post(port, usage, { Authorization: 'Basic abc' }), 401, 'key_unknown');
  assertProblem(await post(port, usage, bearer(revoked.text)), 403, 'key_revoked');
  assertProblem(await post(port, usage, bearer(expired.text)), 403, 'key_expired');
  // Two credentials: nobody can say which is meant.
  assertProblem(
    await post(port, usage, { ...bearer(good.text), 'X-API-Key': good.text }),
    401,
    'key_unknown',
  );
  assert.deepEqual(appender.groups, []);
});

test('health, readiness and the document need no key', async (t) => {
  const { port } = await startKeyed(t, []);
  for (const path of ['/healthz', '/readyz', '/openapi.json'])
    assert.equal((await send(port, { method: 'GET', path })).status, 200);
});

test('a key that is revoked is refused soon, over a connection that was there before too', async (t) => {
  const one = knownKey(1);
  const { port, write } = await startKeyed(t, [one]);
  assert.equal((await post(port, usage, bearer(one.text))).status, 201);
  await write([{ ...one, key: { ...one.key, isRevoked: true } }]);
  await until(async () => (await post(port, usage, bearer(one.text))).status === 403, {
    what: 'it is refused',
  });
});

test('before any keys are known: 503 and not ready, since nobody can be judged', async (t) => {
  const told: boolean[] = [];
  const { path, write } = await makeKeyFile(t, null);
  const one = knownKey(1);
  const { port } = await startFront(
    t,
    { USAGE_AUTH: 'on', USAGE_KEYS_FILE: path },
    { onAppendable: (appendable) => told.push(appendable) },
  );
  assertProblem(await post(port, usage, bearer(one.text)), 503, 'keys_unavailable');
  assert.deepEqual(told, [false]);
  await write([one]);
  await until(() => told.at(-1) === true, { what: 'the front can append' });
  assert.equal((await post(port, usage, bearer(one.text))).status, 201);
});

test('two keys never share the ids of an Idempotency-Key', async (t) => {
  const [one, two] = [knownKey(1), knownKey(2)];
  const { port } = await startKeyed(t, [one, two]);
  const idOf = async (text: string) =>
    (await post(port, usage, { ...bearer(text), 'Idempotency-Key': 'k' })).json.id;
  assert.equal(await idOf(one.text), await idOf(one.text));
  assert.notEqual(await idOf(one.text), await idOf(two.text));
});

test('on loopback no key is asked for, unless the operator says so; elsewhere one is', async (t) => {
  const { port, appender } = await startFront(t, {});
  assert.equal((await post(port, usage)).status, 201);
  assert.equal(appender.groups[0]!.header.columns, usageColumns);
  const open = await startFront(t, { HOST: '0.0.0.0', USAGE_AUTH: 'off' });
  assert.equal((await post(open.port, usage)).status, 201);
  const { path } = await makeKeyFile(t, []);
  const closed = await startFront(t, { HOST: '0.0.0.0', USAGE_KEYS_FILE: path });
  assertProblem(await post(closed.port, usage), 401, 'key_missing');
});

test('a key over its rate: 429 with the time to wait, before the body is looked at; others go on', async (t) => {
  const limited = knownKey(1, { rate: 1, burst: 3 });
  const free = knownKey(2);
  const { port, appender } = await startKeyed(t, [limited, free]);
  const first = await post(port, usage, bearer(limited.text));
  assert.equal(first.status, 201);
  assert.equal(first.headers['ratelimit-policy'], '"usages";q=1;w=1');
  assert.match(first.headers.ratelimit!, /^"usages";r=2;t=1$/);
  // All are taken, and leave a debt of eight.
  assert.equal((await post(port, Array(10).fill(usage), bearer(limited.text))).status, 201);
  const refused = await post(port, 'not even JSON', bearer(limited.text));
  assertProblem(refused, 429, 'rate_limited');
  const wait = Number(refused.headers['retry-after']);
  assert.ok(wait >= 7 && wait <= 9, `${wait} s`);
  assert.match(refused.headers.ratelimit!, /^"usages";r=0;t=1[01]$/);
  const other = await post(port, usage, bearer(free.text));
  assert.equal(other.status, 201);
  assert.equal(other.headers.ratelimit, undefined);
  assert.equal(appender.rows().length, 12);
});

test('what other fronts charged counts here, and what is charged here is told', async (t) => {
  const limited = knownKey(5, { rate: 1, burst: 100 });
  const { port, front } = await startKeyed(t, [limited]);
  assert.equal(
    (await post(port, [usage, usage, { ...usage, patientId: '' }], bearer(limited.text))).status,
    207,
  );
  assert.deepEqual(front.takeCharges(), [[5, 3]]);
  assert.deepEqual(front.takeCharges(), []);
  front.chargedElsewhere([
    [5, 200],
    [6, 1],
  ]);
  assertProblem(await post(port, usage, bearer(limited.text)), 429, 'rate_limited');
});

test('a change of the keys that leaves a limit as it is forgives nothing', async (t) => {
  const limited = knownKey(1, { rate: 1, burst: 1 });
  const { port, write } = await startKeyed(t, [limited]);
  assert.equal((await post(port, Array(1_000).fill(usage), bearer(limited.text))).status, 201);
  const added = knownKey(2);
  await write([limited, added]);
  await until(async () => (await post(port, usage, bearer(added.text))).status === 201, {
    what: 'it is known',
  });
  assert.equal((await post(port, usage, bearer(limited.text))).status, 429);
  await write([{ ...limited, key: { ...limited.key, rate: 100_000, burst: 10 } }, added]);
  await until(async () => (await post(port, usage, bearer(limited.text))).status === 201, {
    what: 'it may send',
  });
});
