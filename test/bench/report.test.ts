import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { canDrawText } from '../../bench/report/draw.ts';
import { scenarioNames, subjectNames } from '../../bench/report/names.ts';
import { writeReport } from '../../bench/report/report.ts';
import { reportBlocks } from '../../bench/report/sections.ts';
import type { BenchResult, Round } from '../../bench/result.ts';
import { madeMeasurement, madeResult } from '../support/made-result.ts';

async function reportOf(t: TestContext, result: BenchResult) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-report-'));
  t.after(() => rm(folder, { recursive: true }));
  const raw = JSON.stringify(result);
  await writeFile(join(folder, 'result.json'), raw);
  await writeReport(result, folder);
  assert.equal(await readFile(join(folder, 'result.json'), 'utf8'), raw);
  return {
    files: await readdir(folder),
    markdown: await readFile(join(folder, 'report.md'), 'utf8'),
    html: await readFile(join(folder, 'report.html'), 'utf8'),
  };
}

/** What a report says outside its tables. */
const texts = (result: BenchResult) =>
  JSON.stringify(reportBlocks(result).filter(({ kind }) => kind === 'text'));

test('a report has every measurement, as Markdown, as a page and as plots', async (t) => {
  const result = madeResult();
  const { files, markdown, html } = await reportOf(t, result);
  const [, everything] = markdown.split('## Every measurement');
  const rows = everything!
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('| '));
  assert.equal(rows.length, result.measurements.length + 2);
  for (const { scenario, subject, offeredRate } of result.measurements) {
    const rate = offeredRate?.toLocaleString('en-US') ?? '-';
    const found = rows.filter(
      (row) =>
        row.startsWith(`| ${scenarioNames[scenario]} | ${subjectNames[subject]} |`) &&
        row.includes(`| ${rate} |`),
    );
    assert.equal(found.length, 1, `${subject}, ${scenario} at ${rate}`);
  }
  for (const text of [
    'ext4',
    '22.23.2',
    'npm run bench',
    'there is no Java on this machine',
    '300,000 / 300,000',
  ]) {
    assert.ok(markdown.includes(text), `${text} in report.md`);
    assert.ok(html.includes(text), `${text} in report.html`);
  }
  const pngs = files.filter((name) => name.endsWith('.png'));
  if (canDrawText()) {
    assert.ok(pngs.length >= 10, pngs.join());
    for (const name of pngs) assert.ok(markdown.includes(`](${name})`), name);
  } else {
    assert.deepEqual(pngs, []);
    assert.match(markdown, /no font/);
  }
});

test('the page needs nothing from elsewhere, runs no script and escapes what it is told', async (t) => {
  const { html } = await reportOf(t, madeResult());
  assert.doesNotMatch(html, /<script|<link|<img|\bsrc=|url\((?!#)|@import/);
  assert.ok(html.includes('A processor &lt;of&gt; &quot;some&quot; kind'));
  assert.doesNotMatch(html, /NaN|undefined|Infinity/);
});

test('a figure stands with its lowest and highest round', async (t) => {
  const { markdown } = await reportOf(t, madeResult());
  // 18 us of front CPU, times 0.98, 1 and 1.03.
  assert.ok(markdown.includes('| 18 (17.6 to 18.5) |'));
  // One round has no spread.
  const [first] = madeMeasurement({ scenario: 'single', subject: 'local' }).rounds;
  const one = { ...first!, cpuUs: { front: 1_234_000 } };
  const measurements = [{ ...madeMeasurement({ scenario: 'single', subject: 'local' }), rounds: [one] }];
  assert.ok((await reportOf(t, madeResult({ measurements }))).markdown.includes('| 12.3 |'));
});

test('a result without measurements is told to be one, and draws nothing', async (t) => {
  const { files, markdown, html } = await reportOf(t, madeResult({ measurements: [], missing: [] }));
  assert.deepEqual(
    files.filter((name) => name.endsWith('.png')),
    [],
  );
  assert.match(markdown, /0 reach the goal, 0 the must, 0 miss it, 15 were not measured/);
  assert.doesNotMatch(html, /<svg/);
  assert.doesNotMatch(markdown + html, /NaN|undefined|Infinity/);
});

test('where the load generator ran is told, or not where a result does not know', () => {
  const said = (more: Partial<BenchResult>) =>
    /the load generator too(.*?) ran on them/.exec(texts({ ...madeResult(), ...more }))?.[1];
  assert.equal(said({ loadCore: 0 }), ', which kept to core 0,');
  assert.equal(said({ loadCore: null }), ', which kept to no core,');
  assert.equal(said({}), ',');
});

test('lost rows are told among what is missing, and the figures of their measurement are not shown', async (t) => {
  const lost = madeMeasurement(
    { scenario: 'single', subject: 'local' },
    { cpuUs: { front: 12_345_678 }, rowsExpected: 100_000, rowsFound: 99_998 },
  );
  const { markdown } = await reportOf(t, madeResult({ measurements: [lost] }));
  assert.match(markdown, /the rows of local, single do not add up: 99998 found, 100000 expected/);
  assert.doesNotMatch(markdown, /\| 123\b/);
});

/** What stands below that heading. */
function missing(result: BenchResult): string {
  const blocks = reportBlocks(result);
  const at = blocks.findIndex((block) => block.kind === 'heading' && block.text === 'What is missing');
  return JSON.stringify(blocks[at + 1]);
}

test('what a part of a run left out is told', () => {
  const plain = madeResult({ missing: [] });
  assert.match(missing(plain), /Nothing was left out/);
  const without = (leftOut: (each: BenchResult['measurements'][number]) => boolean) =>
    missing({ ...plain, measurements: plain.measurements.filter((each) => !leftOut(each)) });
  assert.match(
    without(({ scenario }) => scenario === 'soak'),
    /soak: not in this run \(npm run bench\)/,
  );
  assert.match(
    without(({ subject }) => subject === 'express-array'),
    /Express, array: no single usages/,
  );
});

test('requests that failed are told, with what the first of them met', () => {
  const plain = madeResult();
  assert.doesNotMatch(missing(plain), /requests failed/);
  const failing = (round: Partial<Round>) =>
    missing({
      ...plain,
      measurements: plain.measurements.map((each) =>
        each.scenario === 'soak'
          ? { ...each, rounds: each.rounds.map((one) => ({ ...one, ...round })) }
          : each,
      ),
    });
  assert.match(
    failing({ errors: 1_000, firstError: 'read ECONNRESET' }),
    /local, soak at 16,700\/s: 3,000 requests failed, the first with: read ECONNRESET/,
  );
  // A result from before it was kept.
  assert.match(failing({ errors: 1 }), /3 requests failed, the first with: not kept/);
});

test('rounds in which the host took cores are told, with the worst', () => {
  const stolen = (round: number) => ({ coresBusy: 1, coresStolen: [0.04, 0.3, 0.9][round]! });
  const plain = madeResult();
  assert.doesNotMatch(texts(plain), /host gave/);
  const measurements = plain.measurements.map((each) =>
    each.scenario !== 'staircase' || each.subject !== 'local' || each.offeredRate !== 16_700
      ? each
      : { ...each, rounds: each.rounds.map((round, n) => ({ ...round, machine: stolen(n) })) },
  );
  const rounds = plain.measurements.reduce((sum, each) => sum + each.rounds.length, 0);
  const told = texts({ ...plain, measurements });
  assert.ok(told.includes(`more than 5 % of them in 2 of ${rounds} rounds, at most 0.9 of 2 (`), told);
  assert.match(told, /16,700\/s, usage-ingest, local log/);
});

test('a quick run, a changed tree and a busy machine are told', () => {
  const plain = madeResult();
  const busy = { ...plain, quick: true, dirty: true, machine: { ...plain.machine, loadBefore: 3 } };
  for (const told of [/quick run/, /had changes/, /machine was busy/]) {
    assert.match(texts(busy), told);
    assert.doesNotMatch(texts(plain), told);
  }
});
