/** The sections of a report in their order: what was found, what was not measured, and what it means for the goals. */

import { doubtIn, isMeasured, measurementsOf, nameOf } from '../figures.ts';
import { type JudgedGoal, judgeGoals } from '../goals.ts';
import { type BenchResult, type ScenarioName, scenarioOrder } from '../result.ts';
import { everyServer } from '../scenarios.ts';
import type { Chart } from './charts.ts';
import { type Block, heading, paragraph, table } from './contents.ts';
import { bytesText, durationText, figureText, numberText } from './figure-text.ts';
import {
  cpuSection,
  drainSection,
  everythingSection,
  memorySection,
  peerSection,
  staircaseSection,
} from './measured-sections.ts';
import { placeOf, scenarioNames, subjectNames } from './names.ts';

/** The whole report. */
export function reportBlocks(result: BenchResult): Block[] {
  return [
    heading(1, `usage-ingest, measured ${result.startedAt.slice(0, 10)} at ${result.commit.slice(0, 10)}`),
    ...introduction(result),
    ...cpuSection(result),
    ...goalSection(result),
    ...peerSection(result),
    ...staircaseSection(result),
    ...drainSection(result),
    ...memorySection(result),
    ...missingSection(result),
    ...everythingSection(result),
    ...circumstances(result),
  ];
}

/** What docs/performance.md shows of the result that is kept for it. */
export function performanceBlocks(result: BenchResult): Block[] {
  return [
    ...introduction(result),
    ...goalSection(result),
    ...cpuSection(result),
    ...peerSection(result),
    ...staircaseSection(result),
    ...drainSection(result),
    ...missingSection(result),
    ...circumstances(result),
  ];
}

/** The plots among them. */
export function performanceCharts(result: BenchResult): Chart[] {
  return performanceBlocks(result).flatMap((block) => (block.kind === 'plot' ? [block.chart] : []));
}

function loadCoreText({ loadCore }: BenchResult): string {
  if (loadCore === undefined) return '';
  return loadCore === null ? ', which kept to no core' : `, which kept to core ${loadCore}`;
}

function introduction(result: BenchResult): Block[] {
  const warnings = [
    result.quick ? 'This was a quick run: its rounds are short and its spread is wide.' : '',
    result.dirty ? 'The tree had changes beside the commit.' : '',
    result.machine.loadBefore > 0.5
      ? `The machine was busy before (load ${result.machine.loadBefore}): rates are lower, and CPU a usage is higher, than on a free one; ratios move least.`
      : '',
    stolenWarning(result),
  ].filter((warning) => warning !== '');
  return [
    paragraph(
      `${result.machine.cores} cores of ${result.machine.cpu}; everything, the load generator too${loadCoreText(result)}, ran on them. Figures are medians of the rounds, with the lowest and the highest round in brackets; one without brackets is of a single round. Subjects of a scenario took turns, round by round.`,
    ),
    ...warnings.map(paragraph),
  ];
}

/** Of a machine's cores; less makes no figure another. */
const stolenShareMin = 0.05;

function stolenWarning({ machine, measurements }: BenchResult): string {
  const rounds = measurements.flatMap((each) => each.rounds.map((round) => ({ each, ...round.machine })));
  const robbed = rounds
    .filter(({ coresStolen = 0 }) => coresStolen > stolenShareMin * machine.cores)
    .sort((a, b) => b.coresStolen! - a.coresStolen!);
  const [worst] = robbed;
  if (worst === undefined) return '';
  return `The host gave this machine's cores to others: more than ${stolenShareMin * 100} % of them in ${robbed.length} of ${rounds.length} rounds, at most ${numberText(worst.coresStolen!)} of ${machine.cores} (${placeOf(worst.each)}). Rates are lower and latencies higher for it.`;
}

function goalTable(judged: readonly JudgedGoal[]): Block {
  const bound = ({ better, unit }: JudgedGoal, value: number | null) =>
    value === null ? '-' : `${better === 'lower' ? '≤' : '≥'} ${numberText(value)} ${unit}`;
  return table(
    ['what', '#figure', '#must', '#goal', '#limit', 'verdict'],
    judged.map((line) => [
      line.what,
      figureText(line.figure, line.unit),
      bound(line, line.must),
      bound(line, line.goal),
      line.limit === null || !isMeasured(line.limit) ? '-' : figureText(line.limit, line.unit),
      `${line.verdict}${line.roundsDiffer ? ' (not in every round)' : ''}`,
    ]),
  );
}

function goalSection(result: BenchResult): Block[] {
  const judged = judgeGoals(result);
  const count = (verdict: JudgedGoal['verdict']) => judged.filter((line) => line.verdict === verdict).length;
  const unmeasured = judged.flatMap(({ what, figure }) =>
    isMeasured(figure) ? [] : [`${what}: ${figure.notMeasured}`],
  );
  return [
    heading(2, 'The goals'),
    paragraph(
      `Of ${judged.length}: ${count('goal met')} reach the goal, ${count('must met')} the must, ${count('missed')} miss it, ${count('not measured')} were not measured. Ratios are within this run, round beside round. The limit is what the least server has in the same run that keeps the promise and does nothing else: bare uWebSockets.js that answers once the body is on disk, or in Kafka.`,
    ),
    goalTable(judged),
    ...(unmeasured.length > 0 ? [{ kind: 'list', items: unmeasured } as const] : []),
    heading(3, 'How each figure is made'),
    { kind: 'list', items: judged.map(({ what, from }) => `${what}: ${from}.`) },
  ];
}

function missingSection(result: BenchResult): Block[] {
  const doubtful = result.measurements.flatMap((each) => doubtIn(each) ?? []);
  const measured = (scenario: ScenarioName) => result.measurements.some((each) => each.scenario === scenario);
  const items = [
    ...result.missing.map(({ what, why }) => `${what}: ${why}`),
    ...doubtful,
    ...firstErrors(result),
    ...scenarioOrder
      .filter((scenario) => !measured(scenario))
      .map((scenario) => `${scenarioNames[scenario]}: not in this run (${result.command})`),
    ...absentSubjects(result),
  ];
  return [
    heading(2, 'What is missing'),
    items.length === 0 ? paragraph('Nothing was left out, and all rows add up.') : { kind: 'list', items },
  ];
}

/** What became of requests that were neither acknowledged nor shed. */
function firstErrors({ measurements }: BenchResult): string[] {
  return measurements.flatMap((each) => {
    const failed = each.rounds.filter(({ errors }) => errors > 0);
    if (failed.length === 0) return [];
    const errors = failed.reduce((sum, round) => sum + round.errors, 0);
    const first = failed.find(({ firstError }) => firstError !== undefined)?.firstError;
    return [
      `${nameOf(each)}: ${errors.toLocaleString('en-US')} requests failed, the first with: ${first ?? 'not kept'}`,
    ];
  });
}

/** Who did not stand beside us where single usages were measured, and nothing says why. */
function absentSubjects(result: BenchResult): string[] {
  return everyServer
    .filter((subject) => measurementsOf(result, 'single', subject).length === 0)
    .filter((subject) => !result.missing.some(({ what }) => what.includes(subject)))
    .map((subject) => `${subjectNames[subject]}: no single usages in this run (${result.command})`);
}

function circumstances(result: BenchResult): Block[] {
  const { machine } = result;
  const pairs = (all: Readonly<Record<string, string>>) => Object.entries(all);
  return [
    heading(2, 'Where and how'),
    table(
      ['machine', 'is'],
      [
        ['CPU', `${machine.cpu}, ${machine.cores} cores`],
        ['memory', bytesText(machine.memoryBytes)],
        ['kernel', machine.kernel],
        ['file system', machine.fileSystem],
        ['load before', numberText(machine.loadBefore)],
        ['commit', `${result.commit}${result.dirty ? ', with changes' : ''}`],
        ['started', result.startedAt],
        ['took', durationText(result.durationS)],
      ],
    ),
    heading(3, 'Versions'),
    table(['what', 'version'], pairs(result.versions)),
    heading(3, 'Settings that are not at their default'),
    Object.keys(result.settings).length === 0
      ? paragraph('None.')
      : table(['setting', 'value'], pairs(result.settings)),
    heading(3, 'Measure it again'),
    { kind: 'code', text: result.command },
  ];
}
