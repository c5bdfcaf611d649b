/** Moments in which a host takes cores cannot be made to happen: its account is made up here. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { watchUndisturbed } from '../../../bench/load/undisturbed.ts';

/** A watch over a host that takes 30 ms in those of `moments` moments that `steals` says; answer n took n ms. */
function watched(t: TestContext, moments: number, steals: (moment: number) => boolean) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let stolenS = 7;
  const watch = watchUndisturbed(() => stolenS);
  for (let n = 1; n <= moments; n++) {
    watch.answer(n);
    if (steals(n)) stolenS += 0.03;
    t.mock.timers.tick(100);
  }
  const result = watch.stop();
  t.mock.timers.reset();
  return result;
}

test('a moment counts where little was stolen in it and in the three before', (t) => {
  const result = watched(t, 10, (n) => n === 4);
  // 1 to 3, and from 8 on.
  assert.equal(result?.shareOfTime, 0.6);
  const { p50, max } = result.latencyMs;
  assert.ok(Math.abs(p50 - 3) < 0.01, `${p50}`);
  assert.ok(Math.abs(max - 10) < 0.02, `${max}`);
});

test('a host that takes something all the time leaves nothing to tell', (t) => {
  assert.equal(
    watched(t, 9, (n) => n % 4 === 1),
    null,
  );
});
