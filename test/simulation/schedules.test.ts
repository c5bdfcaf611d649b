/** The whole pipeline under seeded schedules of faults: see simulation/README.md. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedSeeds } from '../../simulation/named-seeds.ts';
import { simulate } from '../support/simulate.ts';

/**
 * Half of them for each of two processes. Of those that follow, about one in a thousand breaks the promise: what is open
 * stands in docs/guarantees.md. Raise this when it is closed.
 */
const schedules = Number(process.env.SIMULATED_SCHEDULES ?? 2_000);

test(`${schedules} schedules keep the promise`, async (t) => {
  const half = Math.ceil(schedules / 2);
  const runs = await Promise.all(
    [1, half + 1].map((from) => simulate('--from', String(from), '--count', String(half), '--failures', '5')),
  );
  for (const { output } of runs) t.diagnostic(output.trimEnd().split('\n').at(-1)!);
  for (const { code, output } of runs) {
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`^${half} schedules `, 'm'));
  }
});

test('a seed runs to the same step, with the same trace, each time', async () => {
  for (const seed of ['3', '17', '102']) {
    const [first, second] = await Promise.all([
      simulate('--seed', seed, '--trace'),
      simulate('--seed', seed, '--trace'),
    ]);
    const lines = (output: string) => output.trimEnd().split('\n').slice(0, -1);
    assert.ok(lines(first.output).length > 10, first.output);
    assert.deepEqual(lines(first.output), lines(second.output));
  }
});

for (const { seed, found } of namedSeeds) {
  test(`seed ${seed}: ${found}`, async () => {
    const { code, output } = await simulate('--seed', String(seed));
    assert.equal(code, 0, output);
  });
}
