/** Keys in the database: made, rotated with an overlap, revoked, never removed; and the audit log of it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { parseApiKey } from '../../src/keys/api-key.ts';
import {
  createKey,
  listKeys,
  loadKnownKeys,
  markKeysUsed,
  revokeKey,
  rotateKey,
} from '../../src/store/api-keys.ts';
import { listAudit } from '../../src/store/audit.ts';
import { query, startTestPostgres } from '../support/postgres.ts';

const unlimited = { rate: null, burst: null };
const postgres = await startTestPostgres();

async function connect(t: { after(close: () => Promise<void>): void }): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: await postgres.createDatabase() });
  await client.connect();
  t.after(() => client.end());
  return client;
}

test('what is kept of a key is its hash; its number is its own for good', async (t) => {
  const client = await connect(t);
  const one = await createKey(client, { name: 'clinic', expiresAt: null, ...unlimited }, 'ann');
  const two = await createKey(
    client,
    { name: 'app', expiresAt: new Date(Date.UTC(2100, 0)), ...unlimited },
    'ann',
  );
  assert.deepEqual([one.number, two.number], [1, 2]);
  const known = await loadKnownKeys(client);
  assert.deepEqual(
    known.map((key) => key.secretSha256),
    [one, two].map((made) => parseApiKey(made.text)!.secretSha256.toString('hex')),
  );
  assert.equal(known[1]!.expiresAtMs, Date.UTC(2100, 0));
  const { rows } = await client.query('select * from api_keys');
  for (const made of [one, two]) assert.doesNotMatch(JSON.stringify(rows), new RegExp(made.text.slice(17)));
});

test('a rotation makes a key beside the old one, which ends with the overlap and not later than before', async (t) => {
  const client = await connect(t);
  const old = await createKey(client, { name: 'clinic', expiresAt: null, ...unlimited }, 'ann');
  const next = await rotateKey(client, old.id, 3_600_000, 'ben');
  assert.ok(next);
  assert.equal(next.name, 'clinic');
  const { rows } = await client.query<{ left: number }>(
    'select extract(epoch from expires_at - now())::float as left from api_keys where id = $1',
    [old.id],
  );
  assert.ok(rows[0]!.left > 3_500 && rows[0]!.left <= 3_600, `${rows[0]!.left} s`);
  // Again, for longer: it ends when it would have.
  assert.ok(await rotateKey(client, old.id, 10 * 3_600_000, 'ben'));
  const after = await client.query<{ left: number }>(
    'select extract(epoch from expires_at - now())::float as left from api_keys where id = $1',
    [old.id],
  );
  assert.ok(after.rows[0]!.left <= 3_600);
  assert.equal(await rotateKey(client, 'no such key!', 1, 'ben'), null);
});

test('a revoked key stays, and is not revoked or rotated again', async (t) => {
  const client = await connect(t);
  const { id } = await createKey(client, { name: 'clinic', expiresAt: null, ...unlimited }, 'ann');
  assert.equal(await revokeKey(client, id, 'ann'), true);
  assert.equal(await revokeKey(client, id, 'ann'), false);
  assert.equal(await rotateKey(client, id, 1, 'ann'), null);
  assert.deepEqual(
    (await loadKnownKeys(client)).map((key) => key.isRevoked),
    [true],
  );
});

test('the last use is kept', async (t) => {
  const client = await connect(t);
  await createKey(client, { name: 'used', expiresAt: null, ...unlimited }, 'ann');
  await createKey(client, { name: 'not', expiresAt: null, ...unlimited }, 'ann');
  await markKeysUsed(client, [1]);
  const keys = await listKeys(client);
  assert.ok(keys[0]!.lastUsedAt);
  assert.equal(keys[1]!.lastUsedAt, null);
});

test('everything is in the audit log, which nobody changes', async (t) => {
  const client = await connect(t);
  const one = await createKey(client, { name: 'clinic', expiresAt: null, ...unlimited }, 'ann');
  const two = await rotateKey(client, one.id, 1_000, 'ben');
  await revokeKey(client, two!.id, 'ann');
  assert.deepEqual(
    (await listAudit(client, 100)).map(({ actor, action, subject, detail }) => [
      actor,
      action,
      subject,
      detail,
    ]),
    [
      ['ann', 'key_created', one.id, { name: 'clinic' }],
      ['ben', 'key_rotated', one.id, { newKey: two!.id }],
      ['ann', 'key_revoked', two!.id, {}],
    ],
  );
  for (const change of ['update audit_log set actor = $$x$$', 'delete from audit_log', 'truncate audit_log'])
    await assert.rejects(client.query(change), { code: '42501' });
});

test('what fails leaves neither a key nor an entry', async (t) => {
  const url = await postgres.createDatabase();
  await query(url, 'alter table audit_log add constraint none check (false) not valid');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.after(() => client.end());
  await assert.rejects(createKey(client, { name: 'clinic', expiresAt: null, ...unlimited }, 'ann'), {
    code: '23514',
  });
  assert.deepEqual(await listKeys(client), []);
});
