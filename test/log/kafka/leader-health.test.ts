/** How long a broker that failed is left alone. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLeaderHealth } from '../../../src/log/kafka/leader-health.ts';

test('the pause doubles with every failure in a row, up to 30 s, and ends with a success', () => {
  const health = createLeaderHealth(1_000);
  let nowMs = 0;
  for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    health.failed(1, nowMs);
    assert.equal(health.nextTryMs(), nowMs + pauseMs);
    assert.equal(health.usable(1, nowMs + pauseMs - 1), false);
    nowMs += pauseMs;
    assert.equal(health.usable(1, nowMs), true);
  }
  health.succeeded(1);
  assert.deepEqual([health.anyFailed(), health.nextTryMs()], [false, null]);
  health.failed(1, nowMs);
  assert.equal(health.nextTryMs(), nowMs + 1_000);
});

test('appends in flight that fail together are one failure, and brokers that lead nothing are forgotten', () => {
  const health = createLeaderHealth(1_000);
  health.failed(1, 0);
  health.failed(1, 1);
  health.failed(2, 1);
  assert.equal(health.usable(1, 1_000), true);
  assert.equal(health.usable(3, 0), true);
  health.keepOnly(new Set([2, 3]));
  assert.equal(health.nextTryMs(), 1_001);
});
