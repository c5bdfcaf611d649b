/** What the capacity calculator needs, out of a result; `npm run bench:report -- --capacity <folder>` writes it down. */

import type { CpuByRequest, CpuUs, Measured } from '../src/capacity/measured.ts';
import {
  cpuUsAUsage,
  doubtIn,
  figureOf,
  isMeasured,
  measurementOf,
  measurementsOf,
  stagesOf,
  usagesASecond,
} from './figures.ts';
import type { BenchResult, ScenarioName, Stage } from './result.ts';

/** A result that lacks what a forecast needs. */
export class IncompleteResultError extends Error {}

/** @throws IncompleteResultError naming what was not measured; Kafka alone may be missing */
export function capacityConstants(result: BenchResult): Measured {
  if (!result.sizes) throw new IncompleteResultError('the result has no sizes');
  const { sizes, machine } = result;
  const withKafka = (['single', 'batch'] as const).every(
    (scenario) => measurementOf(result, scenario, 'kafka') !== null,
  );
  return {
    format: 1,
    commit: result.commit,
    startedAt: result.startedAt,
    quick: result.quick,
    machine: `${machine.cores} cores of ${machine.cpu}`,
    loadACore: rounded(machine.loadBefore / machine.cores),
    usagesPerSecond: { single: rateOf(result, 'single'), batch: rateOf(result, 'batch') },
    cpuUs: {
      local: cpuByRequest(result, 'local'),
      kafka: withKafka ? cpuByRequest(result, 'kafka') : null,
    },
    rssBytes: {
      front: highestRss(result, 'front'),
      writer: highestRss(result, 'writer'),
      supervisor: highestRss(result, 'supervisor'),
    },
    bytes: {
      row: rounded(sizes.rowBytes),
      log: rounded(sizes.logBytes),
      table: rounded(sizes.tableBytes),
      index: rounded(sizes.indexBytes),
      wal: rounded(sizes.walBytes),
      request: { single: rounded(sizes.requestBytes.single), batch: rounded(sizes.requestBytes.batch) },
      answer: { single: rounded(sizes.answerBytes.single), batch: rounded(sizes.answerBytes.batch) },
    },
  };
}

/** Three digits are more than such figures carry. */
const rounded = (value: number) => Number(value.toPrecision(3));

function cpuByRequest(result: BenchResult, subject: 'local' | 'kafka'): CpuByRequest {
  return { single: cpuOf(result, 'single', subject), batch: cpuOf(result, 'batch', subject) };
}

const stages: Readonly<Record<keyof CpuUs, Stage>> = {
  front: 'front',
  relay: 'log',
  broker: 'broker',
  writer: 'writer',
  postgres: 'postgres',
  supervisor: 'supervisor',
};

function cpuOf(result: BenchResult, scenario: ScenarioName, subject: 'local' | 'kafka'): CpuUs {
  const measurement = measurementOf(result, scenario, subject);
  if (!measurement) throw new IncompleteResultError(`${subject}, ${scenario} was not measured`);
  const of = (part: keyof CpuUs): number => {
    const stage = stages[part];
    const needed =
      part === 'front' ||
      part === 'writer' ||
      part === 'postgres' ||
      (part === 'broker' && subject === 'kafka');
    // A local log has neither relay nor broker.
    if (!needed && !stagesOf(measurement).includes(stage)) return 0;
    const figure = figureOf(measurement, `CPU of ${part}`, cpuUsAUsage([stage]));
    if (!isMeasured(figure)) throw new IncompleteResultError(figure.notMeasured);
    return rounded(figure.median);
  };
  return {
    front: of('front'),
    relay: of('relay'),
    broker: of('broker'),
    writer: of('writer'),
    postgres: of('postgres'),
    supervisor: of('supervisor'),
  };
}

function rateOf(result: BenchResult, scenario: ScenarioName): number {
  const measurement = measurementOf(result, scenario, 'local');
  const figure = measurement && figureOf(measurement, 'usages/s', usagesASecond);
  if (!figure || !isMeasured(figure)) throw new IncompleteResultError(`local, ${scenario} was not measured`);
  return rounded(figure.median);
}

/** Of all rounds of ours under load. */
function highestRss(result: BenchResult, stage: Stage): number {
  const highest = (['single', 'batch', 'staircase', 'drain', 'soak'] as const)
    .flatMap((scenario) => measurementsOf(result, scenario, 'local'))
    .filter((each) => doubtIn(each) === null)
    .flatMap(({ rounds }) => rounds.map(({ rssBytesMax }) => rssBytesMax[stage] ?? 0));
  const bytes = Math.max(0, ...highest);
  if (bytes === 0) throw new IncompleteResultError(`no memory of ${stage} was measured`);
  return bytes;
}
