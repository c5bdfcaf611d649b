/** Which charts a result gives. Each is null where nothing of it was measured. */

import {
  cpuUsAUsage,
  doubtIn,
  figureOf,
  isMeasured,
  measurementOf,
  measurementsOf,
  requestsASecond,
  stageOrder,
  stagesOf,
  totalCpuUsAUsage,
  usagesASecond,
} from '../figures.ts';
import {
  type BenchResult,
  type Measurement,
  type Round,
  type ScenarioName,
  type SubjectName,
  subjectOrder,
} from '../result.ts';
import { type Bar, bars, type Chart, type Line, lines, stackedBars } from './charts.ts';
import { placeOf, scenarioNames, stageNames, subjectNames } from './names.ts';

const ours = ['local', 'kafka'] as const;

/** CPU a usage by stage, everybody side by side: the headline. */
export function cpuChart(result: BenchResult, scenario: ScenarioName): Chart | null {
  const measured = subjectOrder
    .map((subject) => measurementOf(result, scenario, subject))
    .filter((each) => each !== null)
    .filter((each) => isMeasured(figureOf(each, 'CPU', totalCpuUsAUsage(each))));
  if (measured.length === 0) return null;
  const stages = stageOrder.filter((stage) => measured.some((each) => stagesOf(each).includes(stage)));
  const series = stages.map((stage) => ({
    stage,
    name: stageNames[stage],
    values: measured.map((each) =>
      stagesOf(each).includes(stage) ? medianOf(each, cpuUsAUsage([stage])) : 0,
    ),
  }));
  const labels = measured.map(({ subject }) => subjectNames[subject]);
  return {
    name: `cpu-${scenario}`,
    title: `CPU a usage by stage: ${scenarioNames[scenario]}`,
    description: `Stacked bars of CPU microseconds a usage, without the load generator: ${measured.map((each, at) => `${labels[at]} ${medianOf(each, totalCpuUsAUsage(each)).toPrecision(3)}`).join(', ')}.`,
    option: stackedBars(labels, series, 'CPU µs a usage, load generator apart'),
    height: 110 + measured.length * 38,
  };
}

/** Requests a second of everybody. */
export function rateChart(result: BenchResult): Chart | null {
  return barChart(result, 'rate-single', 'Requests a second: single usages', 'requests/s', requestsASecond, [
    'single',
  ]);
}

/** How fast a backlog enters Postgres, beside a client in C. */
export function drainChart(result: BenchResult): Chart | null {
  return barChart(result, 'drain', 'Drain: rows a second into Postgres', 'rows/s', usagesASecond, [
    'drain',
    'drain-repeats',
  ]);
}

function barChart(
  result: BenchResult,
  name: string,
  title: string,
  unit: string,
  of: (round: Round) => number | null,
  scenarios: readonly ScenarioName[],
): Chart | null {
  const values: Bar[] = scenarios.flatMap((scenario) =>
    subjectOrder.flatMap((subject) => {
      const measurement = measurementOf(result, scenario, subject);
      const figure = measurement && figureOf(measurement, unit, of);
      if (!figure || !isMeasured(figure)) return [];
      const label = `${subjectNames[subject]}${scenario === 'drain-repeats' ? ' (5 % repeats)' : ''}`;
      return [{ label, ...figure }];
    }),
  );
  if (values.length === 0) return null;
  return {
    name,
    title,
    description: `Bars of ${unit}: ${values.map(({ label, median }) => `${label} ${Math.round(median)}`).join(', ')}.`,
    option: bars(values, unit),
    height: 70 + values.length * 40,
  };
}

/** Percentiles of the acknowledgement over the offered rate, both on log scales. */
export function latencyChart(result: BenchResult, subject: SubjectName): Chart | null {
  const steps = stepsOf(result, subject).filter((each) => each.rounds.every(({ latencyMs }) => latencyMs));
  if (steps.length === 0) return null;
  const percentiles = [
    ['p50', 'p50'],
    ['p90', 'p90'],
    ['p99', 'p99'],
    ['p99.9', 'p999'],
    ['max', 'max'],
  ] as const;
  const all: Line[] = percentiles.map(([label, key]) => ({
    label,
    points: steps.map(
      (each) => [each.offeredRate!, medianOf(each, ({ latencyMs }) => latencyMs![key])] as const,
    ),
  }));
  return {
    name: `latency-${subject}`,
    title: `Time to the acknowledgement by offered rate: ${subjectNames[subject]}`,
    description: `Lines of p50, p90, p99, p99.9 and the longest acknowledgement in milliseconds over offered rates from ${steps[0]!.offeredRate} to ${steps.at(-1)!.offeredRate} a second, both on log scales.`,
    option: lines(all, { x: 'offered requests/s', y: 'ms', logX: true, logY: true }),
  };
}

/** What became of the offered requests: acknowledged, shed, failed, in percent. */
export function outcomeChart(result: BenchResult): Chart | null {
  const all: Line[] = ours.flatMap((subject) => {
    const steps = stepsOf(result, subject);
    const share = (label: string, part: (round: Round) => number, dashed: boolean) => ({
      label: `${label}, ${subject}`,
      dashed,
      points: steps.map(
        (each) =>
          [
            each.offeredRate!,
            medianOf(each, (round) => (100 * part(round)) / (each.offeredRate! * round.durationS)),
          ] as const,
      ),
    });
    return steps.length === 0
      ? []
      : [
          share('acknowledged', ({ requests }) => requests, false),
          share('shed', ({ shed }) => shed, true),
          share('failed', ({ errors }) => errors, true),
          // A line along 0 for what never happened would only hide others.
        ].filter(({ points }) => points.some(([, percent]) => percent !== 0));
  });
  if (all.length === 0) return null;
  return {
    name: 'staircase-outcome',
    title: 'What became of the offered requests',
    description:
      'Lines of the acknowledged, shed and failed share of the offered requests, in percent, by offered rate.',
    option: lines(all, { x: 'offered requests/s', y: '% of the offered', logX: true, yMax: 100 }),
  };
}

/** Seconds from received to stored, highest, by offered rate. */
export function lagChart(result: BenchResult): Chart | null {
  const all: Line[] = ours.flatMap((subject) => {
    const steps = stepsOf(result, subject).filter((each) =>
      each.rounds.every(({ lagSMax }) => lagSMax !== null),
    );
    const points = steps.map(
      (each) => [each.offeredRate!, medianOf(each, ({ lagSMax }) => lagSMax)] as const,
    );
    return points.length === 0 ? [] : [{ label: subjectNames[subject], points }];
  });
  if (all.length === 0) return null;
  return {
    name: 'lag',
    title: 'From received to stored in Postgres, highest',
    description: 'Lines of the highest lag in seconds by offered rate.',
    option: lines(all, { x: 'offered requests/s', y: 's', logX: true }),
  };
}

/** Resident memory of each process over the longest round with samples, a soak first. */
export function memoryChart(result: BenchResult): Chart | null {
  const found = longestSeries(result, ['soak', 'staircase', 'drain', 'single']);
  if (!found) return null;
  const { measurement, round } = found;
  const stages = stageOrder.filter((stage) =>
    round.series.some(({ rssBytes }) => rssBytes[stage] !== undefined),
  );
  const all = stages.map((stage) => ({
    label: stageNames[stage],
    points: round.series
      .filter(({ rssBytes }) => rssBytes[stage] !== undefined)
      .map(({ atS, rssBytes }) => [atS, rssBytes[stage]! / 1e6] as const),
  }));
  if (all.length === 0) return null;
  return {
    name: 'memory',
    title: `Resident memory over time: ${placeOf(measurement)}`,
    description: `Lines of resident memory in MB of ${stages.map((stage) => stageNames[stage]).join(', ')} over ${Math.round(round.durationS)} seconds.`,
    option: lines(all, { x: 's', y: 'MB' }),
  };
}

/** Records that wait over the longest round of the staircase or a drain. */
export function backlogChart(result: BenchResult): Chart | null {
  const found = longestSeries(result, ['drain', 'staircase', 'soak']);
  if (!found || found.round.series.every(({ backlogRecords }) => backlogRecords === 0)) return null;
  const { measurement, round } = found;
  return {
    name: 'backlog',
    title: `Records not yet stored, over time: ${placeOf(measurement)}`,
    description: `A line of the records that wait in the log over ${Math.round(round.durationS)} seconds.`,
    option: lines(
      [
        {
          label: 'records in the log that are not stored',
          points: round.series.map(({ atS, backlogRecords }) => [atS, backlogRecords] as const),
        },
      ],
      { x: 's', y: 'records' },
    ),
  };
}

function longestSeries(
  result: BenchResult,
  scenarios: readonly ScenarioName[],
): { measurement: Measurement; round: Round } | null {
  for (const scenario of scenarios) {
    const rounds = measurementsOf(result, scenario, 'local')
      .flatMap((measurement) => measurement.rounds.map((round) => ({ measurement, round })))
      .filter(({ round }) => round.series.length > 2)
      .sort((a, b) => b.round.series.length - a.round.series.length);
    if (rounds[0]) return rounds[0];
  }
  return null;
}

function stepsOf(result: BenchResult, subject: SubjectName): Measurement[] {
  return measurementsOf(result, 'staircase', subject)
    .filter((each) => each.offeredRate !== null && doubtIn(each) === null)
    .sort((a, b) => a.offeredRate! - b.offeredRate!);
}

/** Of a figure that is known to be there; 0 would be drawn as a figure. */
function medianOf(measurement: Measurement, of: (round: Round) => number | null): number {
  const figure = figureOf(measurement, 'figure', of);
  return isMeasured(figure) ? figure.median : Number.NaN;
}
