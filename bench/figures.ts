/** Reads figures out of a result: each as a median with its spread over the rounds, or why there is none. Pure. */

import type { BenchResult, Measurement, Round, ScenarioName, Stage, SubjectName } from './result.ts';
import { rowsAddUp } from './rows.ts';

/** One figure: the median of its rounds, their lowest and highest, and how many there were (at least one). */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** Why a figure cannot be given. It is shown in the figure's place. */
export interface NotMeasured {
  readonly notMeasured: string;
}

export type Figure = Spread | NotMeasured;

export function isMeasured(figure: Figure): figure is Spread {
  return !('notMeasured' in figure);
}

/** @throws RangeError where there is no value, or one that is no number: a figure from nothing would be made up */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0 || !values.every(Number.isFinite))
    throw new RangeError('a figure needs a finite value of each round');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)!, rounds: sorted.length };
}

/** A value of each round; the rounds for which `of` has none make the figure "not measured" with `what`. */
export function figureOf(
  measurement: Measurement,
  what: string,
  of: (round: Round) => number | null,
): Figure {
  const doubt = doubtIn(measurement);
  if (doubt) return { notMeasured: doubt };
  const values: number[] = [];
  for (const round of measurement.rounds) {
    const value = of(round);
    if (value === null || !Number.isFinite(value))
      return { notMeasured: `no ${what} of ${nameOf(measurement)}` };
    values.push(value);
  }
  return spreadOf(values);
}

/**
 * The ratio of two figures of one run. Rounds of a scenario alternate, so round n of one stands beside round n of the
 * other, and what disturbed one disturbed both. Of different scenarios, or with unequal numbers of rounds, each round
 * stands beside the other's median.
 */
export function ratioOf(
  above: Measurement,
  aboveOf: (round: Round) => number | null,
  below: Measurement,
  belowOf: (round: Round) => number | null,
  what: string,
): Figure {
  const numerator = figureOf(above, what, aboveOf);
  const denominator = figureOf(below, what, belowOf);
  if (!isMeasured(numerator)) return numerator;
  if (!isMeasured(denominator)) return denominator;
  const paired = above.scenario === below.scenario && above.rounds.length === below.rounds.length;
  const values = above.rounds.map(
    (round, at) => aboveOf(round)! / (paired ? belowOf(below.rounds[at]!)! : denominator.median),
  );
  if (!values.every(Number.isFinite)) return { notMeasured: `${what} of ${nameOf(below)} is 0` };
  return spreadOf(values);
}

/** The measurement with each part of a long round in the place of the round: for figures of the latency alone. */
export function byWindow(measurement: Measurement): Measurement {
  const rounds = measurement.rounds.flatMap(
    (round) => round.latencyWindows?.map((latencyMs): Round => ({ ...round, latencyMs })) ?? [round],
  );
  return { ...measurement, rounds };
}

/** Why a measurement must not be used: it lost or made up rows, or did nothing at all. Null where it may. */
export function doubtIn(measurement: Measurement): string | null {
  if (measurement.rounds.length === 0) return `${nameOf(measurement)} has no round`;
  for (const round of measurement.rounds) {
    const { rowsFound, rowsExpected } = round;
    if (!rowsAddUp(round))
      return `the rows of ${nameOf(measurement)} do not add up: ${rowsFound ?? 'none'} found, ${rowsExpected} expected`;
  }
  return null;
}

/** How a measurement is called where its run tells of it; on paper: report/names.ts. */
export function nameOf({ scenario, subject, offeredRate }: Measurement): string {
  return `${subject}, ${scenario}${rateText(offeredRate)}`;
}

/** What follows a scenario's name: " at 16,700/s", or nothing where no rate was offered. */
export const rateText = (offeredRate: number | null): string =>
  offeredRate === null ? '' : ` at ${offeredRate.toLocaleString('en-US')}/s`;

/** All measurements of a scenario and a subject, in the order of connections, then offered rate. */
export function measurementsOf(
  result: BenchResult,
  scenario: ScenarioName,
  subject: SubjectName,
): Measurement[] {
  return result.measurements
    .filter((each) => each.scenario === scenario && each.subject === subject)
    .sort((a, b) => a.connections - b.connections || (a.offeredRate ?? 0) - (b.offeredRate ?? 0));
}

/**
 * The measurement that stands for a scenario where each connection waits for its answer: the one with the most
 * connections, or with as many as `beside` had.
 */
export function measurementOf(
  result: BenchResult,
  scenario: ScenarioName,
  subject: SubjectName,
  beside?: Measurement,
): Measurement | null {
  const all = measurementsOf(result, scenario, subject);
  const alike = beside && all.find(({ connections }) => connections === beside.connections);
  return alike ?? all.at(-1) ?? null;
}

/** Two measurements to compare, with equally many connections where there are such, the most of them. */
export function besideEachOther(
  result: BenchResult,
  [firstScenario, first]: readonly [ScenarioName, SubjectName],
  [secondScenario, second]: readonly [ScenarioName, SubjectName],
): [Measurement, Measurement] | NotMeasured {
  const seconds = measurementsOf(result, secondScenario, second);
  const firsts = measurementsOf(result, firstScenario, first);
  if (firsts.length === 0) return { notMeasured: whyMissing(result, firstScenario, first) };
  if (seconds.length === 0) return { notMeasured: whyMissing(result, secondScenario, second) };
  for (const each of firsts.toReversed()) {
    const alike = seconds.find(({ connections }) => connections === each.connections);
    if (alike) return [each, alike];
  }
  return [firsts.at(-1)!, seconds.at(-1)!];
}

/** What the run itself said about a part that it left out. */
export function whyMissing(result: BenchResult, scenario: ScenarioName, subject: SubjectName): string {
  const name = `${subject}, ${scenario}`;
  const told = result.missing.find(
    ({ what }) => what.includes(name) || what === subject || what === scenario,
  );
  return told ? `${name}: ${told.why}` : `${name} was not measured`;
}

/** Microseconds of CPU a usage of some stages; null where one of them, or every usage, is missing. */
export function cpuUsAUsage(stages: readonly Stage[]): (round: Round) => number | null {
  return ({ cpuUs, usages }) => perUnit(stages, cpuUs, usages);
}

/** The same a request. */
export function cpuUsARequest(stages: readonly Stage[]): (round: Round) => number | null {
  return ({ cpuUs, requests }) => perUnit(stages, cpuUs, requests);
}

function perUnit(stages: readonly Stage[], cpuUs: Round['cpuUs'], units: number): number | null {
  const taken = stages.map((stage) => cpuUs[stage]);
  if (units === 0 || taken.some((us) => us === undefined)) return null;
  return taken.reduce<number>((sum, us) => sum + us!, 0) / units;
}

/** The stages of a measurement that count as the subject's own: all but the load generator's. */
export function stagesOf(measurement: Measurement): Stage[] {
  const found = new Set(measurement.rounds.flatMap(({ cpuUs }) => Object.keys(cpuUs) as Stage[]));
  found.delete('load');
  return stageOrder.filter((stage) => found.has(stage));
}

/** In the order of the data. */
export const stageOrder: readonly Stage[] = [
  'subject',
  'front',
  'log',
  'broker',
  'writer',
  'postgres',
  'supervisor',
  'load',
];

/** Microseconds of CPU a usage of everything but the load generator. */
export function totalCpuUsAUsage(measurement: Measurement): (round: Round) => number | null {
  return cpuUsAUsage(stagesOf(measurement));
}

/** Null where nothing was done: a rate of 0 would be read as a slow one. */
export function usagesASecond({ usages, durationS }: Round): number | null {
  return usages > 0 && durationS > 0 ? usages / durationS : null;
}

/** Null where nothing was answered. */
export function requestsASecond({ requests, durationS }: Round): number | null {
  return requests > 0 && durationS > 0 ? requests / durationS : null;
}
