import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { GroupCommit, type GroupCommitOptions } from '../../src/front/group-commit.ts';
import type { SubmissionOutcome } from '../../src/front/submissions.ts';
import { type Row, usageColumns } from '../../src/usage/row.ts';
import { appendFailed, createControlledAppender } from '../support/front.ts';
import { until } from '../support/until.ts';

const seed = Number(process.env.TEST_SEED ?? Date.now() % 2 ** 31);

function create(options: Partial<GroupCommitOptions> = {}) {
  const appender = createControlledAppender();
  const groupCommit = new GroupCommit({
    columns: usageColumns,
    appender,
    usagesMax: 500,
    bytesMax: 256 * 1024,
    inFlightMax: 1,
    timeoutMs: 10_000,
    onAppended: () => {},
    onAppendFailed: () => {},
    ...options,
  });
  return { appender, groupCommit };
}

const rowOf = (text: string, month = 24_202): Row => ({ text, bytes: Buffer.byteLength(text), month });
const rowsOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => rowOf(`${name}-${i}\n`));

test('what one turn of the event loop brings shares a group, one alone goes at once', async () => {
  const { appender, groupCommit } = create();
  const settled: SubmissionOutcome[] = [];
  for (let i = 0; i < 10; i++)
    groupCommit.submit([rowOf(`${i}\n`)], performance.now(), (outcome) => settled.push(outcome));
  assert.equal(settled.length, 0);
  await groupCommit.drained();
  assert.equal(appender.groups.length, 1);
  assert.equal(settled.length, 10);
  groupCommit.submit([rowOf('x\n')], performance.now(), (outcome) => settled.push(outcome));
  await groupCommit.drained();
  assert.equal(appender.groups.length, 2);
});

test('a small submission behind a large one is in the next group', async () => {
  const { appender, groupCommit } = create();
  let isLargeSettled = false;
  let smallSettledBefore: boolean | null = null;
  groupCommit.submit(rowsOf('large', 10_000), 0, () => {
    isLargeSettled = true;
  });
  groupCommit.submit([rowOf('small\n')], 0, () => {
    smallSettledBefore = !isLargeSettled;
  });
  await groupCommit.drained();
  assert.equal(smallSettledBefore, true);
  assert.ok(appender.groups[0]!.rows.includes('small\n'));
});

test('a group names its distinct months, ascending', async () => {
  const { appender, groupCommit } = create();
  groupCommit.submit([rowOf('a\n'), rowOf('b\n', 24_000), rowOf('c\n'), rowOf('d\n', 24_321)], 0, () => {});
  await groupCommit.drained();
  assert.deepEqual(appender.groups[0]!.header.months, [24_000, 24_202, 24_321]);
});

test('no more appends are in flight than may be', async () => {
  const { appender, groupCommit } = create({ inFlightMax: 3, usagesMax: 2 });
  appender.held = true;
  groupCommit.submit(rowsOf('r', 20), 0, () => {});
  await until(() => appender.waiting === 3, { what: 'three are in flight' });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(appender.waiting, 3);
  appender.held = false;
  while (appender.waiting > 0) appender.release();
  await groupCommit.drained();
  assert.equal(appender.rows().length, 20);
});

test('in time: what hangs is unknown, what has not begun is overloaded, and neither settles twice', async () => {
  const { appender, groupCommit } = create({ usagesMax: 2, timeoutMs: 100 });
  appender.held = true;
  const settled: string[] = [];
  const tell = (name: string) => (outcome: SubmissionOutcome) => settled.push(`${name} ${outcome}`);
  groupCommit.submit(rowsOf('hung', 3), 0, tell('hung'));
  await until(() => appender.waiting === 1, { what: 'the append hangs' });
  groupCommit.submit(rowsOf('late', 2), 0, tell('late'));
  groupCommit.submit(rowsOf('young', 2), 50, tell('young'));
  groupCommit.expire(120);
  assert.deepEqual(settled, ['hung durability_unknown', 'late overloaded']);
  appender.held = false;
  appender.release();
  await groupCommit.drained();
  assert.deepEqual(settled, ['hung durability_unknown', 'late overloaded', 'young durable']);
  assert.deepEqual(appender.rows(), ['hung-0', 'hung-1', 'young-0', 'young-1']);
});

test('every row is appended once, in its order, within the bounds, and every submission settles once', async () => {
  const submission = fc.record({
    rows: fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\u{1f600}'), maxLength: 40 }), {
      minLength: 1,
      maxLength: 300,
    }),
    failing: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(submission, { maxLength: 12 }),
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      async (submissions, usagesMax, inFlightMax, allSucceed) => {
        const bytesMax = 2_000;
        const { appender, groupCommit } = create({ usagesMax, inFlightMax, bytesMax });
        const outcomes: SubmissionOutcome[][] = submissions.map(() => []);
        for (const [i, { rows, failing }] of submissions.entries()) {
          appender.failure = failing && !allSucceed ? appendFailed() : null;
          const named = rows.map((row, j) => rowOf(`${i}:${j}:${row}\n`));
          groupCommit.submit(named, performance.now(), (outcome) => outcomes[i]!.push(outcome));
          if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        await groupCommit.drained();
        for (const { header, rows } of appender.groups) {
          assert.equal(rows.split('\n').length - 1, header.count);
          assert.ok(header.count >= 1 && header.count <= usagesMax);
          assert.ok(header.count === 1 || Buffer.byteLength(rows) <= bytesMax);
        }
        const appended = submissions.map((): number[] => []);
        for (const row of appender.rows()) {
          const [i, j] = row.split(':').map(Number);
          appended[i!]!.push(j!);
        }
        for (const [i, { rows }] of submissions.entries()) {
          assert.equal(outcomes[i]!.length, 1);
          const isWhole = appended[i]!.length === rows.length;
          assert.deepEqual(
            appended[i],
            appended[i]!.map((_, j) => j),
          );
          if (outcomes[i]![0] === 'durable' || allSucceed) assert.ok(isWhole);
          if (allSucceed) assert.deepEqual(outcomes[i], ['durable']);
          else assert.ok(['durable', 'log_unavailable'].includes(outcomes[i]![0]!));
        }
      },
    ),
    { seed, numRuns: 60 },
  );
});
