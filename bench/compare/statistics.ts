/** Whether one tree is faster than the other, from rounds in which both were measured. Pure. */

export interface Comparison {
  /** Branch / base: the geometric mean over the rounds. */
  readonly ratio: number;
  /** Ends of the 99 % confidence interval of that ratio. */
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
  readonly verdict: 'faster' | 'slower' | 'no difference shown';
}

/**
 * Compares a figure of which less is better. Each round gives one ratio, so that what disturbed both cancels out; the
 * interval is Student's t interval of the logarithms of those ratios, which treats "half" and "twice" alike. It takes
 * the rounds as independent of each other. 99 % and not 95, because several stages are judged at once.
 * @throws RangeError with fewer than 3 rounds, unequally many, or a figure that is not above 0
 */
export function compareRounds(base: readonly number[], branch: readonly number[]): Comparison {
  if (base.length !== branch.length || base.length < 3)
    throw new RangeError('a comparison needs at least 3 rounds, as many of the base as of the branch');
  if (![...base, ...branch].every((value) => Number.isFinite(value) && value > 0))
    throw new RangeError('a comparison needs figures above 0');
  const logs = base.map((value, at) => Math.log(branch[at]! / value));
  const rounds = logs.length;
  const mean = logs.reduce((sum, log) => sum + log, 0) / rounds;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (rounds - 1);
  const reach = studentT(rounds - 1) * Math.sqrt(variance / rounds);
  const [low, high] = [Math.exp(mean - reach), Math.exp(mean + reach)];
  const verdict = high < 1 ? 'faster' : low > 1 ? 'slower' : 'no difference shown';
  return { ratio: Math.exp(mean), low, high, rounds, verdict };
}

/** Two-sided 99 % points of Student's t, by degrees of freedom from 1; any table of the distribution has them. */
const t99 = [
  63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.25, 3.169, 3.106, 3.055, 3.012, 2.977, 2.947,
  2.921, 2.898, 2.878, 2.861, 2.845, 2.831, 2.819, 2.807, 2.797, 2.787, 2.779, 2.771, 2.763, 2.756, 2.75,
] as const;

/** Beyond the table its last value: a little too wide, never too narrow. */
function studentT(degrees: number): number {
  return t99[Math.min(degrees, t99.length) - 1]!;
}
