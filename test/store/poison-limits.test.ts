import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createPoisonRate, PoisonLimitError } from '../../src/store/poison-limits.ts';

it('lets odd lines pass, whatever their share', () => {
  const rate = createPoisonRate(() => 0);
  for (let n = 0; n < 10; n += 1) {
    rate.check(1, 1, '');
    rate.add(1, 1);
  }
  assert.throws(() => rate.check(1, 1, '22P02'), PoisonLimitError);
});

it('refuses over 1 % of a minute, and forgets what is older', () => {
  let now = 0;
  const rate = createPoisonRate(() => now);
  for (let second = 0; second < 50; second += 1) {
    now = second * 1_000;
    rate.check(100, 1, '');
    rate.add(100, 1);
  }
  assert.throws(() => rate.check(100, 2, ''), PoisonLimitError);
  rate.check(100, 1, '');
  now += 120_000;
  rate.check(100, 10, '');
});
