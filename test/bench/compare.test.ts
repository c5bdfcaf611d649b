import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareRounds } from '../../bench/compare/statistics.ts';
import { assertProperty } from '../support/property.ts';

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-3, `${actual}, not ${expected}`);

test('the interval is that of Student', () => {
  // Log ratios ln 0.8, ln 0.9, ln 1.0: mean -0.10950, standard deviation 0.11173, t(2) 9.925.
  const { ratio, low, high, rounds, verdict } = compareRounds([10, 10, 10], [8, 9, 10]);
  near(ratio, 0.89628);
  near(low, 0.47276);
  near(high, 1.6992);
  assert.equal(rounds, 3);
  assert.equal(verdict, 'no difference shown');
});

test('less CPU in every round alike is faster, more is slower', () => {
  const base = [10, 12, 9, 11, 10];
  const times = (factor: number) => base.map((value, at) => value * factor * (at % 2 ? 1.01 : 0.99));
  assert.equal(compareRounds(base, times(0.9)).verdict, 'faster');
  assert.equal(compareRounds(base, times(1.1)).verdict, 'slower');
  assert.equal(compareRounds(base, times(1)).verdict, 'no difference shown');
});

test('what disturbs both sides of a round alike changes nothing', () => {
  const calm = compareRounds([10, 10, 10, 10], [9, 9.1, 8.9, 9]);
  const busy = compareRounds([10, 20, 30, 10], [9, 18.2, 26.7, 9]);
  near(busy.ratio, calm.ratio);
  near(busy.high, calm.high);
});

test('base and branch the other way round give the inverse', () => {
  const figures = fc.array(
    fc.tuple(fc.double({ min: 0.1, max: 100, noNaN: true }), fc.double({ min: 0.1, max: 100, noNaN: true })),
    {
      minLength: 3,
      maxLength: 40,
    },
  );
  assertProperty(
    fc.property(figures, (pairs) => {
      const one = pairs.map(([value]) => value);
      const other = pairs.map(([, value]) => value);
      const there = compareRounds(one, other);
      const back = compareRounds(other, one);
      assert.ok(there.low <= there.ratio * (1 + 1e-9) && there.ratio <= there.high * (1 + 1e-9));
      assert.ok(Math.abs(there.ratio * back.ratio - 1) < 1e-6);
      assert.ok(Math.abs(Math.log(there.low) + Math.log(back.high)) < 1e-6);
    }),
    200,
  );
});

test('nothing is said from too few rounds, unequal ones or figures of 0', () => {
  assert.throws(() => compareRounds([1, 1], [1, 1]), RangeError);
  assert.throws(() => compareRounds([1, 1, 1], [1, 1]), RangeError);
  assert.throws(() => compareRounds([1, 0, 1], [1, 1, 1]), RangeError);
});
