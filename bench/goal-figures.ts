/** How the figure of each goal follows from the measurements. Pure. */

import {
  besideEachOther,
  byWindow,
  cpuUsARequest,
  type cpuUsAUsage,
  doubtIn,
  type Figure,
  figureOf,
  measurementOf,
  measurementsOf,
  type NotMeasured,
  ratioOf,
  requestsASecond,
  spreadOf,
  stagesOf,
  totalCpuUsAUsage,
  usagesASecond,
  whyMissing,
} from './figures.ts';
import type { BenchResult, Measurement, Round, ScenarioName, Stage, SubjectName } from './result.ts';
import { peakRate } from './scenarios.ts';

const megabyte = 1e6;

/** Bare is that of single usages: over as many connections, else, of another scenario, over the most. */
function besideBare(
  result: BenchResult,
  scenario: ScenarioName,
  subject: SubjectName,
): [Measurement, Measurement] | NotMeasured {
  if (scenario === 'single') return besideEachOther(result, ['single', subject], ['single', 'bare']);
  const ours = measurementOf(result, scenario, subject);
  if (!ours) return { notMeasured: whyMissing(result, scenario, subject) };
  const bare = measurementOf(result, 'single', 'bare');
  return bare ? [ours, bare] : { notMeasured: whyMissing(result, 'single', 'bare') };
}

export function cpuBesideBare(
  result: BenchResult,
  scenario: ScenarioName,
  subject: SubjectName,
  stages: readonly Stage[],
  unit: typeof cpuUsAUsage,
): Figure {
  const pair = besideBare(result, scenario, subject);
  if ('notMeasured' in pair) return pair;
  return ratioOf(pair[0], unit(stages), pair[1], cpuUsARequest(['subject']), 'CPU');
}

/** `needed`: without one of them the sum would be too good. */
export function totalBesideBare(result: BenchResult, subject: SubjectName, needed: readonly Stage[]): Figure {
  const pair = besideEachOther(result, ['single', subject], ['single', 'bare']);
  if ('notMeasured' in pair) return pair;
  const lacking = needed.filter((stage) => !stagesOf(pair[0]).includes(stage));
  if (lacking.length > 0) return { notMeasured: `no CPU of ${lacking.join(', ')} in ${subject}, single` };
  return ratioOf(pair[0], totalCpuUsAUsage(pair[0]), pair[1], cpuUsARequest(['subject']), 'CPU');
}

export function rateBeside(result: BenchResult, ours: SubjectName, peer: SubjectName): Figure {
  const pair = besideEachOther(result, ['single', ours], ['single', peer]);
  if ('notMeasured' in pair) return pair;
  return ratioOf(pair[0], requestsASecond, pair[1], requestsASecond, 'requests/s');
}

export function drainBeside(result: BenchResult, scenario: ScenarioName, peer: SubjectName): Figure {
  const pair = besideEachOther(result, [scenario, 'local'], [scenario, peer]);
  if ('notMeasured' in pair) return pair;
  return ratioOf(pair[0], usagesASecond, pair[1], usagesASecond, 'rows/s');
}

export function figureOfOne(
  result: BenchResult,
  scenario: ScenarioName,
  subject: SubjectName,
  what: string,
  of: (round: Round) => number | null,
): Figure {
  const measurement = measurementOf(result, scenario, subject);
  if (!measurement) return { notMeasured: whyMissing(result, scenario, subject) };
  return figureOf(measurement, what, of);
}

function peakOf(result: BenchResult, subject: SubjectName): Measurement | NotMeasured {
  const peak = measurementsOf(result, 'staircase', subject).find(
    ({ offeredRate }) => offeredRate === peakRate,
  );
  return peak ?? { notMeasured: `${peakRate.toLocaleString('en-US')}/s was not offered to ${subject}` };
}

export function peakErrors(result: BenchResult): Figure {
  const peak = peakOf(result, 'local');
  return 'notMeasured' in peak ? peak : figureOf(peak, 'answers', unansweredAtPeak);
}

export function peakBesideDisk(result: BenchResult, subject: SubjectName): Figure {
  // The smaller of the groups that were written comes first: at this rate a group is small.
  const [disk] = measurementsOf(result, 'disk', 'fsync');
  if (!disk) return { notMeasured: whyMissing(result, 'disk', 'fsync') };
  const peak = peakOf(result, subject);
  if ('notMeasured' in peak) return peak;
  const p50 = (round: Round) => round.latencyMs?.p50 ?? null;
  return ratioOf(byWindow(peak), p50, disk, p50, 'p50');
}

export function peakP99(result: BenchResult, subject: SubjectName): Figure {
  const peak = peakOf(result, subject);
  if ('notMeasured' in peak) return peak;
  return figureOf(byWindow(peak), 'latency', ({ latencyMs }) => latencyMs?.p99 ?? null);
}

function unansweredAtPeak({ errors, shed, unsent = 0 }: Round): number {
  return errors + shed + unsent;
}

function megabytes({ rssBytesMax }: Round, stage: Stage): number | null {
  const bytes = rssBytesMax[stage];
  return bytes === undefined ? null : bytes / megabyte;
}

/** Of our server's `stage` in these scenarios: whichever log, connections and rate needed most. */
export function mostMemory(result: BenchResult, stage: Stage, scenarios: readonly ScenarioName[]): Figure {
  const measured = scenarios
    .flatMap((scenario) => [
      ...measurementsOf(result, scenario, 'local'),
      ...measurementsOf(result, scenario, 'kafka'),
    ])
    .filter((each) => doubtIn(each) === null);
  const highest = measured
    .map((each) => each.rounds.map((round) => megabytes(round, stage)))
    .filter((values): values is number[] => values.every((value) => value !== null))
    .map(spreadOf)
    .sort((a, b) => b.median - a.median);
  return highest[0] ?? { notMeasured: `no memory of the ${stage} in ${scenarios.join(' or ')}` };
}
