/** What a front says of a key that a request presents. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeApiKey } from '../../src/keys/api-key.ts';
import { KeyRing } from '../../src/keys/key-ring.ts';
import { knownKey } from '../support/known-key.ts';

const nowMs = Date.UTC(2026, 5, 1);

test('a known key is told by its number, the first time and every other', () => {
  const [one, two] = [knownKey(1), knownKey(2)];
  const ring = new KeyRing();
  ring.replace([one.key, two.key], 0);
  for (const text of [one.text, two.text, one.text, one.text]) {
    const judged = ring.judge(text, nowMs);
    assert.ok(typeof judged !== 'string');
    assert.equal(judged.number, text === one.text ? 1 : 2);
    assert.equal(judged.id, (text === one.text ? one : two).key.id);
  }
});

test('none, a wrong secret, a revoked key and an expired one are each refused by their own code', () => {
  const good = knownKey(1);
  const revoked = knownKey(2, { isRevoked: true });
  const expired = knownKey(3, { expiresAtMs: nowMs });
  const ring = new KeyRing();
  ring.replace([good.key, revoked.key, expired.key], 0);
  ring.judge(good.text, nowMs);
  // Another key of the same id: right in form and check, wrong in its secret.
  const impostor = makeApiKey();
  const forged = good.text.slice(0, 17) + impostor.text.slice(17);
  assert.equal(ring.judge('', nowMs), 'key_missing');
  assert.equal(ring.judge(forged, nowMs), 'key_unknown');
  assert.equal(ring.judge(makeApiKey().text, nowMs), 'key_unknown');
  assert.equal(ring.judge('no key at all', nowMs), 'key_unknown');
  assert.equal(ring.judge(revoked.text, nowMs), 'key_revoked');
  assert.equal(ring.judge(expired.text, nowMs), 'key_expired');
  assert.notEqual(typeof ring.judge(expired.text, nowMs - 1), 'string');
});

test('whether a key is revoked is told only to who has it', () => {
  const revoked = knownKey(1, { isRevoked: true });
  const ring = new KeyRing();
  ring.replace([revoked.key], 0);
  assert.equal(ring.judge(`${revoked.text.slice(0, -1)}!`, nowMs), 'key_unknown');
});

test('a key that was removed or changed counts at once', () => {
  const one = knownKey(1);
  const ring = new KeyRing();
  ring.replace([one.key], 0);
  assert.notEqual(typeof ring.judge(one.text, nowMs), 'string');
  ring.replace([{ ...one.key, isRevoked: true }], 0);
  assert.equal(ring.judge(one.text, nowMs), 'key_revoked');
  ring.replace([], 0);
  assert.equal(ring.judge(one.text, nowMs), 'key_unknown');
});
