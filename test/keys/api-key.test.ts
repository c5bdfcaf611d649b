/** A key as text: its form, its check, and that what is kept of it is a hash. */

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { idEnd, idStart, makeApiKey, parseApiKey } from '../../src/keys/api-key.ts';

test('a new key has the form of the design, and reads back', () => {
  const made = makeApiKey();
  assert.match(made.text, /^uik_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
  assert.equal(made.text.slice(idStart, idEnd), made.id);
  assert.deepEqual(parseApiKey(made.text), { id: made.id, secretSha256: made.secretSha256 });
  assert.deepEqual(made.secretSha256, hash('sha256', made.text.slice(17, 60), 'buffer'));
});

test('no two keys are the same', () => {
  const texts = new Set(Array.from({ length: 1_000 }, () => makeApiKey().text));
  assert.equal(texts.size, 1_000);
});

test('a typo anywhere is no key', () => {
  const { text } = makeApiKey();
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === 'a' ? 'b' : 'a';
    assert.equal(parseApiKey(text.slice(0, at) + other + text.slice(at + 1)), null, `at ${at}`);
  }
  for (const wrong of ['', 'uik_', text.slice(1), text.slice(0, -1), `${text}0`, ` ${text}`])
    assert.equal(parseApiKey(wrong), null);
});
