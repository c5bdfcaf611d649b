import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type IdempotencyScope, idempotentId } from '../../src/usage/idempotency.ts';
import type { Usage } from '../../src/usage/usage.ts';

const usage: Usage = {
  id: null,
  patientId: '100',
  medication: 'Albuterol',
  usedAtMs: 1_478_009_511_000,
  utcOffsetMinutes: -300,
  attributes: null,
};
const scope: IdempotencyScope = { apiKey: null, key: 'batch-7', index: 0, usage };

test('the same usage of the same request has the same id', () => {
  assert.equal(idempotentId(scope), idempotentId({ ...scope, usage: { ...usage } }));
});

test('the id is a UUID v8 of the SHA-256, and never changes between releases', () => {
  const digest = createHash('sha256')
    .update('[null,"batch-7",0,"100",1478009511000,"Albuterol",null]')
    .digest('hex');
  const id = idempotentId(scope);
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const digits = id.replaceAll('-', '');
  assert.equal(digits.slice(0, 12) + digits.slice(13, 16), digest.slice(0, 12) + digest.slice(13, 16));
  assert.equal(digits.slice(17), digest.slice(17, 32));
  assert.equal(Number.parseInt(digits[16]!, 16) & 3, Number.parseInt(digest[16]!, 16) & 3);
});

test('whatever changes, the id changes', () => {
  const changed: IdempotencyScope[] = [
    { ...scope, apiKey: 'null' },
    { ...scope, apiKey: '' },
    { ...scope, apiKey: 'a' },
    { ...scope, key: 'batch-8' },
    { ...scope, key: 'batch-70' },
    { ...scope, index: 1 },
    { ...scope, usage: { ...usage, patientId: '1' } },
    { ...scope, usage: { ...usage, medication: 'albuterol' } },
    { ...scope, usage: { ...usage, usedAtMs: usage.usedAtMs + 1 } },
    { ...scope, usage: { ...usage, attributes: '{}' } },
    { ...scope, usage: { ...usage, attributes: 'null' } },
    // Parts that would run together without a boundary between them.
    { ...scope, apiKey: 'a', key: 'b,c' },
    { ...scope, apiKey: 'a,b', key: 'c' },
    { ...scope, apiKey: 'a","b', key: 'c' },
    { ...scope, usage: { ...usage, patientId: '100"', medication: ',"Albuterol' } },
  ];
  const ids = [scope, ...changed].map(idempotentId);
  assert.equal(new Set(ids).size, ids.length);
});
