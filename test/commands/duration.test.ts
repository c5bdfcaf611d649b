import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration, parseExpiry } from '../../src/commands/duration.ts';

test('durations as people type them', () => {
  assert.equal(parseDuration('90d'), 90 * 86_400_000);
  assert.equal(parseDuration('24h'), 86_400_000);
  assert.equal(parseDuration('15m'), 900_000);
  assert.equal(parseDuration('0s'), 0);
  for (const wrong of ['', '90', 'd', '-1d', '1.5h', '90 d', '40000d', '1w'])
    assert.equal(parseDuration(wrong), null);
});

test('an expiry is a time from now, or an instant with its zone', () => {
  const nowMs = Date.UTC(2026, 0, 31);
  const iso = (text: string) => parseExpiry(text, nowMs)?.toISOString();
  assert.equal(iso('90d'), '2026-05-01T00:00:00.000Z');
  assert.equal(iso('2027-06-01T00:00Z'), '2027-06-01T00:00:00.000Z');
  assert.equal(iso('2027-06-01T00:00:30+02:00'), '2027-05-31T22:00:30.000Z');
  assert.equal(iso('2027-06-01'), '2027-06-01T00:00:00.000Z');
  for (const wrong of ['2027-06-01T00:00', '2027-02-30', '2027-13-01', 'tomorrow', '2027-06-01T25:00Z'])
    assert.equal(parseExpiry(wrong, nowMs), null, wrong);
});
