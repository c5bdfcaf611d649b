/** The simulation finds faults: each one put back on purpose breaks the promise in some schedule. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MutationMismatchError, mutated, mutations } from '../../simulation/mutations.ts';
import { simulate } from '../support/simulate.ts';

/** Most are found within a hundred. */
const schedulesMax = 4_000;

test('every fault put back on purpose is found', { concurrency: 2 }, async (t) => {
  await Promise.all(
    mutations.map(({ name, undoes }) =>
      t.test(`${name}: ${undoes}`, async (each) => {
        const { code, output } = await simulate('--mutation', name, '--count', String(schedulesMax));
        // 2: the mutation's text is not there any more, or the simulation itself is wrong.
        assert.equal(code, 1, output);
        assert.match(output, /^ {2}replay: /m);
        each.diagnostic(output.trimEnd().split('\n').at(-1)!);
      }),
    ),
  );
});

test('a mutation whose text is not in its file exactly once is an error', () => {
  const mutation = { name: 'x', undoes: '', edits: [{ file: 'a.ts', from: 'one', to: 'two' }] };
  assert.equal(mutated(mutation, 'a.ts', 'a one b'), 'a two b');
  assert.equal(mutated(mutation, 'b.ts', 'nothing'), 'nothing');
  for (const source of ['zero', 'one one'])
    assert.throws(() => mutated(mutation, 'a.ts', source), MutationMismatchError);
});
