/** fast-check with a seed that is printed and can be given again: TEST_SEED=<the printed seed>. */

import fc from 'fast-check';

const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TEST_SEED=${seed}`);

/** Throws, with the smallest counterexample, where the property does not hold. */
export function assertProperty<T>(property: fc.IProperty<T>, runs: number): void {
  fc.assert(property, { seed, numRuns: runs });
}

/** As `fc.sample`, by the printed seed. */
export function sampleOf<T>(arbitrary: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(arbitrary, { seed, numRuns: count });
}
