/**
 * Makes a report anew from a result.json, and what else is made from one.
 *
 *     npm run bench:report -- <folder>                  report.md, report.html and the plots, in the folder
 *     npm run bench:report -- --capacity <folder>       src/capacity/measured.json too
 *     npm run bench:report -- --docs <folder>           docs/performance/ too; then "npm run docs"
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { capacityConstants, IncompleteResultError } from './capacity-constants.ts';
import { NoResultError, readResult } from './read-result.ts';
import { canDrawText, png } from './report/draw.ts';
import { writeReport } from './report/report.ts';
import { performanceCharts } from './report/sections.ts';
import type { BenchResult } from './result.ts';

const root = join(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { capacity: { type: 'boolean' }, docs: { type: 'boolean' } },
});
const [folder] = positionals;
if (folder === undefined || positionals.length > 1) {
  process.stderr.write('npm run bench:report -- [--capacity] [--docs] <folder with a result.json>\n');
  process.exit(64);
}
try {
  const result = await readResult(folder);
  await writeReport(result, folder);
  if (values.capacity) await writeCapacity(result);
  if (values.docs) await keepForDocs(result);
} catch (error) {
  if (!(error instanceof NoResultError || error instanceof IncompleteResultError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function writeCapacity(result: BenchResult): Promise<void> {
  const file = join(root, 'src', 'capacity', 'measured.json');
  await writeFile(file, `${JSON.stringify(capacityConstants(result), null, 2)}\n`);
}

/** The one result that is committed, without its samples a second, and the plots that the page shows. */
async function keepForDocs(result: BenchResult): Promise<void> {
  const kept = join(root, 'docs', 'performance');
  await mkdir(kept, { recursive: true });
  const measurements = result.measurements.map((each) => ({
    ...each,
    rounds: each.rounds.map((round) => ({ ...round, series: [] })),
  }));
  await writeFile(join(kept, 'result.json'), `${JSON.stringify({ ...result, measurements }, null, 2)}\n`);
  if (!canDrawText()) {
    process.stderr.write(
      'there is no font on this machine: the plots in docs/performance/ are as they were\n',
    );
    return;
  }
  for (const chart of performanceCharts(result)) await writeFile(join(kept, `${chart.name}.png`), png(chart));
}
