/** The token bucket of a key, on a clock of the test's own. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimit } from '../../src/keys/rate-limit.ts';

test('a burst at once, then the rate', () => {
  const limit = new RateLimit(10, 5, 0);
  for (let taken = 0; taken < 5; taken++) {
    assert.equal(limit.waitMs(0), 0);
    assert.equal(limit.left(0), 5 - taken);
    limit.charge(1, 0);
  }
  assert.equal(limit.waitMs(0), 100);
  assert.equal(limit.waitMs(60), 40);
  assert.equal(limit.waitMs(100), 0);
  limit.charge(1, 100);
  assert.equal(limit.left(100), 0);
  assert.equal(limit.secondsToFull(100), 1);
  assert.equal(limit.left(10_000), 5);
});

test('a large request is taken once and waited off', () => {
  const limit = new RateLimit(10, 5, 0);
  limit.charge(105, 0);
  assert.equal(limit.waitMs(0), 10_100);
  assert.equal(limit.left(0), 0);
  assert.equal(limit.secondsToFull(0), 11);
  assert.equal(limit.waitMs(10_100), 0);
});

test('a clock that is a little behind gives nothing twice', () => {
  const limit = new RateLimit(10, 5, 1_000);
  limit.charge(5, 1_000);
  limit.charge(0, 900);
  assert.equal(limit.waitMs(1_000), 100);
});

test('fronts that tell each other ten times a second keep the rate together', () => {
  const [rate, fronts, seconds] = [100, 4, 10];
  const limits = Array.from({ length: fronts }, () => new RateLimit(rate, rate, 0));
  let taken = 0;
  for (let ms = 0; ms < seconds * 1_000; ms++) {
    // Each is asked twice as often as all together may say yes.
    const charged = limits.map((limit) => {
      if (ms % 5 !== 0 || limit.waitMs(ms) > 0) return 0;
      limit.charge(1, ms);
      return 1;
    });
    for (const [from, usages] of charged.entries()) {
      taken += usages;
      if (usages > 0) told.push({ from, at: Math.ceil((ms + 1) / 100) * 100 });
    }
    for (const { from } of told.filter(({ at }) => at === ms))
      for (const [to, limit] of limits.entries()) if (to !== from) limit.charge(1, ms);
  }
  const allowed = rate + rate * seconds;
  assert.ok(taken >= allowed * 0.9 && taken <= allowed * 1.1, `${taken} of ${allowed}`);
});

/** What was charged, by whom, and when the others hear of it. */
const told: { from: number; at: number }[] = [];
