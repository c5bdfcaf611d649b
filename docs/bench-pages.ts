/** The pages whose figures come from the benchmark: what was measured, and which machines follow from it. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseResult } from '../bench/read-result.ts';
import { type Block, heading, paragraph, table } from '../bench/report/contents.ts';
import { toMarkdown } from '../bench/report/markdown.ts';
import { performanceBlocks } from '../bench/report/sections.ts';
import { type Assumptions, defaultAssumptions, forecast, logDaysOf } from '../src/capacity/forecast.ts';
import { forecastLines, growthText, limitLines, sourceText } from '../src/capacity/forecast-lines.ts';
import { type Measured, readMeasured } from '../src/capacity/measured.ts';

const rates = [10, 16_700, 100_000, 1_000_000] as const;
const beginning = '<!-- figures: written by docs/generate.ts from docs/performance/result.json -->';
const ending = '<!-- end of figures -->';

/** docs/capacity.md. */
export function capacityPage(): string {
  const measured = readMeasured();
  const logs = (['local', 'kafka'] as const).filter((log) => measured.cpuUs[log] !== null);
  const blocks: Block[] = [
    heading(1, 'Capacity'),
    paragraph(
      '<!-- Written by docs/generate.ts from src/capacity/; change that, then run "npm run docs". -->',
    ),
    paragraph(
      'Which machines a rate needs. `usage-ingest capacity --rate 16700` prints it for any rate, size of request and price; this page has four rates of single usages.',
    ),
    paragraph(
      `${sourceText(measured)} No figure is typed: \`npm run bench:report -- --capacity <folder>\` takes them out of a run of the benchmark.`,
    ),
    ...logs.flatMap((log) => logBlocks(measured, log)),
    ...(measured.cpuUs.kafka === null
      ? [paragraph('Kafka was not in the run that the figures come from, so there is no table for it.')]
      : []),
    heading(2, 'What to know before you trust it'),
    { kind: 'list', items: caveats },
  ];
  return toMarkdown(blocks, () => null);
}

function logBlocks(measured: Measured, log: Assumptions['log']): Block[] {
  const given = (rate: number): Assumptions => ({
    ...defaultAssumptions,
    logDays: logDaysOf[log],
    log,
    rate,
  });
  const made = rates.map((rate) => forecast(measured, given(rate)));
  const columns = made.map((each, at) => forecastLines(each, given(rates[at]!)));
  const rows = columns[0]!.map(([what], row) => [what, ...columns.map((lines) => lines[row]![1])]);
  const peak = made[1]!;
  return [
    heading(2, log === 'kafka' ? 'With Kafka' : 'With the local log'),
    table(['single usages', ...rates.map((rate) => `#${rate.toLocaleString('en-US')}/s`)], rows),
    paragraph(`**What grows fastest.** ${growthText(peak)}`),
    paragraph('**What to scale first.** Where each part ends, at the assumptions below, lowest rate first:'),
    table(
      ['what ends', 'what to do'],
      limitLines(peak, given(0)).map(([what, remedy]) => [what, remedy.replace(/^then /, '')]),
    ),
  ];
}

const assumed = defaultAssumptions;
const caveats = [
  `Assumed, each an option of the command: cores used to ${100 * assumed.utilisation} %, hosts of ${assumed.coresPerHost} cores, the highest rate all day long, ${assumed.patients.toLocaleString('en-US')} patients, usages kept ${assumed.keepDays} days in Postgres, stored ones ${logDaysOf.local} day in the local log and ${logDaysOf.kafka} in Kafka, ${assumed.kafkaReplicas} copies there, ${assumed.priceCoreHour} a core-hour and ${assumed.priceGbMonth} a GB-month, in the currency of your prices.`,
  'A rate that is held for a peak only: give `--mean-share`; cores follow the peak, storage the mean.',
  "CPU a usage was measured at thousands a second. At ten a second every usage is a transaction of its own and costs many times as much, which is still next to nothing: one small host, whose idle processes' memory counts most.",
  'Cores differ: another processor needs another run of the benchmark, on it.',
  'Postgres was measured while its index lay in memory. The key is (patient, time, id), so each patient has one page that is written; where those pages do not fit, each usage may cost a read of the disk, and this forecast is too good.',
  'Copies of Postgres, backups, and what analysts ask are not in it. Bytes on the disk are those of whole pages as they fill when usages arrive; the write-ahead log is as it was between two checkpoints, and larger right after one.',
  'One Postgres takes one stream of commits however many cores it has. Where the table says more than one host for it, those are several instances with a database each, and whoever routes devices to them goes by patient.',
];

/** docs/performance.md with its figures made anew; what people wrote stays. */
export function performancePage(): string {
  const text = readFileSync(join(import.meta.dirname, 'performance.md'), 'utf8');
  const [start, end] = [text.indexOf(beginning), text.indexOf(ending)];
  if (start < 0 || end < start) throw new Error('docs/performance.md has lost the marks around its figures');
  return `${text.slice(0, start + beginning.length)}\n\n${figures()}\n${text.slice(end)}`;
}

function figures(): string {
  const kept = join(import.meta.dirname, 'performance');
  const file = join(kept, 'result.json');
  if (!existsSync(file)) return 'No run is kept yet.\n';
  const plot = (name: string) => (existsSync(join(kept, `${name}.png`)) ? `performance/${name}.png` : null);
  return toMarkdown(performanceBlocks(parseResult(readFileSync(file, 'utf8'), file)), plot);
}
