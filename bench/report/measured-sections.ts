/** The sections of a report that show measurements: tables with the plots of the same figures. */

import {
  cpuUsAUsage,
  type Figure,
  figureOf,
  measurementOf,
  measurementsOf,
  rateText,
  requestsASecond,
  spreadOf,
  stageOrder,
  stagesOf,
  totalCpuUsAUsage,
  usagesASecond,
} from '../figures.ts';
import {
  type BenchResult,
  type Measurement,
  type Round,
  type Stage,
  scenarioOrder,
  subjectOrder,
} from '../result.ts';
import { type Block, heading, paragraph, plots, table } from './contents.ts';
import { figureText } from './figure-text.ts';
import { scenarioNames, stageNames, subjectNames } from './names.ts';
import {
  backlogChart,
  cpuChart,
  drainChart,
  lagChart,
  latencyChart,
  memoryChart,
  outcomeChart,
  rateChart,
} from './result-charts.ts';

export function cpuSection(result: BenchResult): Block[] {
  const measured = (['single', 'single-autocannon', 'single-reconnect', 'batch', 'ndjson'] as const).flatMap(
    (scenario) => subjectOrder.flatMap((subject) => measurementOf(result, scenario, subject) ?? []),
  );
  const stages = stageOrder.filter((stage) =>
    measured.some((each) => each.rounds.some(({ cpuUs }) => cpuUs[stage] !== undefined)),
  );
  const rows = measured.map((each) => [
    scenarioNames[each.scenario],
    subjectNames[each.subject],
    figureText(figureOf(each, 'CPU', totalCpuUsAUsage(each))),
    ...stages.map((stage) => stageCell(each, stage)),
  ]);
  return [
    heading(2, 'CPU a usage, by stage'),
    paragraph(
      'Microseconds of CPU, user and system, from the accounts that the kernel keeps of each process, from the first request until everything is stored. Noise moves it least. The load generator is apart: it is in no sum.',
    ),
    ...plots(cpuChart(result, 'single'), cpuChart(result, 'batch'), cpuChart(result, 'ndjson')),
    rows.length === 0
      ? paragraph('Not measured.')
      : table(['scenario', 'who', '#sum, µs', ...stages.map((stage) => `#${stageNames[stage]}`)], rows),
  ];
}

function stageCell(measurement: Measurement, stage: Stage): string {
  if (stage !== 'load' && !stagesOf(measurement).includes(stage)) return '-';
  return figureText(figureOf(measurement, 'CPU', cpuUsAUsage([stage])));
}

export function peerSection(result: BenchResult): Block[] {
  const measured = subjectOrder.flatMap((subject) => measurementsOf(result, 'single', subject));
  return [
    heading(2, 'Beside the limits and the peers'),
    paragraph(
      'Single usages over connections that stay open, each connection waiting for its answer. What a 201 promises differs: compare those that promise the same.',
    ),
    ...plots(rateChart(result)),
    measured.length === 0
      ? paragraph('Not measured.')
      : table(
          [
            'who',
            'a 201 means',
            '#connections',
            '#requests/s',
            '#CPU µs a usage',
            '#p50, ms',
            '#p99, ms',
            '#rows found / expected',
          ],
          measured.map((each) => [
            subjectNames[each.subject],
            each.durability,
            String(each.connections),
            figureText(figureOf(each, 'requests/s', requestsASecond)),
            figureText(figureOf(each, 'CPU', totalCpuUsAUsage(each))),
            figureText(latency(each, 'p50')),
            figureText(latency(each, 'p99')),
            rowCounts(each),
          ]),
        ),
  ];
}

export function staircaseSection(result: BenchResult): Block[] {
  const steps = subjectOrder.flatMap((subject) => measurementsOf(result, 'staircase', subject));
  return [
    heading(2, 'Staircase: a fixed rate, whatever the answers take'),
    paragraph(
      'Requests are sent when they are due. A late one counts from when it was due, so that a stall is not left out (coordinated omission). The last columns tell of the moments in which the host took less than 2.5 % of this machine.',
    ),
    ...plots(
      latencyChart(result, 'local'),
      latencyChart(result, 'kafka'),
      outcomeChart(result),
      lagChart(result),
    ),
    steps.length === 0
      ? paragraph('Not measured.')
      : table(
          [
            'who',
            '#offered/s',
            '#acknowledged/s',
            '#p50, ms',
            '#p90',
            '#p99',
            '#p99.9',
            '#max',
            '#shed',
            '#errors',
            '#lag, s',
            '#stored after, s',
            '#cores stolen',
            '#undisturbed, %',
            '#then p50',
            '#then p99',
          ],
          steps.map((each) => [
            subjectNames[each.subject],
            each.offeredRate?.toLocaleString('en-US') ?? '-',
            figureText(figureOf(each, 'requests/s', requestsASecond)),
            ...(['p50', 'p90', 'p99', 'p999', 'max'] as const).map((key) => figureText(latency(each, key))),
            ...(['shed', 'errors'] as const).map((key) =>
              figureText(figureOf(each, key, (round) => round[key])),
            ),
            ...(['lagSMax', 'drainedAfterS'] as const).map((key) =>
              figureText(figureOf(each, key, (round) => round[key])),
            ),
            figureText(coresStolen(each)),
            ...undisturbedCells(each),
          ]),
        ),
  ];
}

export function drainSection(result: BenchResult): Block[] {
  const measured = (['drain', 'drain-repeats'] as const).flatMap((scenario) =>
    subjectOrder.flatMap((subject) => measurementsOf(result, scenario, subject)),
  );
  return [
    heading(2, 'Drain: how fast a backlog enters Postgres'),
    ...plots(drainChart(result), backlogChart(result)),
    measured.length === 0
      ? paragraph('Not measured.')
      : table(
          [
            'scenario',
            'who',
            'how',
            '#rows/s',
            '#writer, CPU µs a row',
            '#Postgres, CPU µs a row',
            '#rows found / expected',
          ],
          measured.map((each) => [
            scenarioNames[each.scenario],
            subjectNames[each.subject],
            each.durability,
            figureText(figureOf(each, 'rows/s', usagesASecond)),
            stageCell(each, 'writer'),
            stageCell(each, 'postgres'),
            rowCounts(each),
          ]),
        ),
  ];
}

export function memorySection(result: BenchResult): Block[] {
  const stages = ['front', 'log', 'writer', 'supervisor', 'subject', 'broker', 'postgres'] as const;
  const rows = result.measurements
    .filter(({ rounds }) => rounds.some(({ rssBytesMax }) => Object.keys(rssBytesMax).length > 0))
    .map((each) => [
      `${scenarioNames[each.scenario]}${rateText(each.offeredRate)}`,
      subjectNames[each.subject],
      ...stages.map((stage) => memoryCell(each, stage)),
    ]);
  return [
    heading(2, 'Memory'),
    paragraph('Highest resident MB in a round, of the largest process of each stage.'),
    ...plots(memoryChart(result)),
    rows.length === 0
      ? paragraph('Not measured.')
      : table(['scenario', 'who', ...stages.map((stage) => `#${stageNames[stage]}`)], rows),
  ];
}

function memoryCell(measurement: Measurement, stage: Stage): string {
  if (measurement.rounds.every(({ rssBytesMax }) => rssBytesMax[stage] === undefined)) return '-';
  const bytes = ({ rssBytesMax }: Round) => rssBytesMax[stage];
  return figureText(figureOf(measurement, 'memory', (round) => (bytes(round) ?? Number.NaN) / 1e6));
}

/** Every measurement, so that nothing is shown only where it looks well. */
export function everythingSection(result: BenchResult): Block[] {
  const ordered = [...result.measurements].sort(
    (a, b) =>
      scenarioOrder.indexOf(a.scenario) - scenarioOrder.indexOf(b.scenario) ||
      subjectOrder.indexOf(a.subject) - subjectOrder.indexOf(b.subject) ||
      (a.offeredRate ?? 0) - (b.offeredRate ?? 0),
  );
  return [
    heading(2, 'Every measurement'),
    table(
      [
        'scenario',
        'who',
        '#connections',
        '#offered/s',
        '#rounds',
        '#s a round',
        '#requests/s',
        '#usages/s',
        '#CPU µs a usage',
        '#load generator',
        '#p50, ms',
        '#p99, ms',
        '#shed',
        '#errors',
        '#cores stolen',
        '#rows found / expected',
      ],
      ordered.map((each) => [
        scenarioNames[each.scenario],
        subjectNames[each.subject],
        String(each.connections),
        each.offeredRate?.toLocaleString('en-US') ?? '-',
        String(each.rounds.length),
        figureText(figureOf(each, 'duration', ({ durationS }) => durationS)),
        figureText(figureOf(each, 'requests/s', requestsASecond)),
        figureText(figureOf(each, 'usages/s', usagesASecond)),
        figureText(figureOf(each, 'CPU', totalCpuUsAUsage(each))),
        figureText(figureOf(each, 'CPU', cpuUsAUsage(['load']))),
        figureText(latency(each, 'p50')),
        figureText(latency(each, 'p99')),
        figureText(figureOf(each, 'shed', ({ shed }) => shed)),
        figureText(figureOf(each, 'errors', ({ errors }) => errors)),
        figureText(coresStolen(each)),
        rowCounts(each),
      ]),
    ),
  ];
}

function latency(measurement: Measurement, key: 'p50' | 'p90' | 'p99' | 'p999' | 'max'): Figure {
  return figureOf(measurement, 'latency', ({ latencyMs }) => latencyMs?.[key] ?? null);
}

function undisturbedCells({ rounds }: Measurement): string[] {
  const found = rounds.flatMap(({ undisturbed }) => undisturbed ?? []);
  if (found.length === 0) return ['-', '-', '-'];
  return [
    spreadOf(found.map(({ shareOfTime }) => shareOfTime * 100)),
    spreadOf(found.map(({ latencyMs }) => latencyMs.p50)),
    spreadOf(found.map(({ latencyMs }) => latencyMs.p99)),
  ].map((spread) => figureText(spread));
}

function coresStolen(measurement: Measurement): Figure {
  return figureOf(measurement, 'account of the host', ({ machine }) => machine?.coresStolen ?? null);
}

function rowCounts({ rounds }: Measurement): string {
  const sum = (of: (round: Round) => number | null) =>
    rounds.reduce<number | null>((total, round) => {
      const value = of(round);
      return total === null || value === null ? null : total + value;
    }, 0);
  const expected = sum(({ rowsExpected }) => rowsExpected);
  const found = sum(({ rowsFound }) => rowsFound);
  if (expected === null) return '-';
  return `${found?.toLocaleString('en-US') ?? 'none'} / ${expected.toLocaleString('en-US')}`;
}
