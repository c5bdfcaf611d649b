import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Figure, isMeasured, ratioOf, requestsASecond, spreadOf } from '../../bench/figures.ts';
import { goals, judgeGoals } from '../../bench/goals.ts';
import type { BenchResult, Measurement } from '../../bench/result.ts';
import { madeMeasurement, madeResult, madeRound } from '../support/made-result.ts';

const lineOf = (name: string, result: BenchResult) => judgeGoals(result).find((line) => line.name === name)!;
const medianOf = (figure: Figure) => {
  assert.ok(isMeasured(figure), JSON.stringify(figure));
  return figure.median;
};
/** The made result with some of its measurements changed. */
const changed = (change: (each: Measurement) => Measurement | null) =>
  madeResult({ measurements: madeResult().measurements.flatMap((each) => change(each) ?? []) });

test('figures follow from the measurements as the table says', () => {
  const expected: Record<string, number> = {
    'front-single': 18 / 12,
    'rate-express': 13,
    'front-batch': 4 / 12,
    writer: 0.4,
    drain: 4.9 / 5.1,
    'drain-repeats': 4.9 / 5.1,
    'total-local': (18 + 0.5 + 9 + 0.2) / 12,
    'total-kafka': (22 + 4 + 0.1 + 0.6 + 9 + 0.2) / 12,
    'peak-p50': (0.4 + 16_700 / 30_000) / 0.5,
    'peak-p99': 4 * (0.4 + 16_700 / 30_000),
    'peak-errors': 0,
    'memory-front': 115,
    'memory-writer': 95,
    'rate-kafkajs': 26,
    'rate-kafkajs-front': 260 / 8,
  };
  const judged = judgeGoals(madeResult());
  assert.deepEqual(judged.map(({ name }) => name).sort(), Object.keys(expected).sort());
  for (const { name, figure } of judged)
    assert.ok(Math.abs(medianOf(figure) - expected[name]!) < 1e-9, `${name}: ${JSON.stringify(figure)}`);
});

test('an empty result meets nothing, and says why', () => {
  for (const { figure, verdict } of judgeGoals(madeResult({ measurements: [], missing: [] }))) {
    assert.equal(verdict, 'not measured');
    assert.ok(!isMeasured(figure) && figure.notMeasured !== '');
  }
});

test('each goal needs every one of its measurements', () => {
  const needs: Record<string, [string, string][]> = {
    'front-single': [
      ['single', 'local'],
      ['single', 'bare'],
    ],
    'rate-express': [
      ['single', 'local'],
      ['single', 'express-array'],
    ],
    'front-batch': [
      ['batch', 'local'],
      ['single', 'bare'],
    ],
    writer: [['drain', 'local']],
    drain: [
      ['drain', 'local'],
      ['drain', 'copy'],
    ],
    'drain-repeats': [
      ['drain-repeats', 'local'],
      ['drain-repeats', 'copy-staged'],
    ],
    'total-local': [
      ['single', 'local'],
      ['single', 'bare'],
    ],
    'total-kafka': [
      ['single', 'kafka'],
      ['single', 'bare'],
    ],
    'peak-p50': [
      ['staircase', 'local'],
      ['disk', 'fsync'],
    ],
    'peak-p99': [['staircase', 'local']],
    'peak-errors': [['staircase', 'local']],
    'rate-kafkajs': [
      ['single', 'kafka'],
      ['single', 'fastify-kafkajs'],
    ],
    'rate-kafkajs-front': [
      ['single', 'kafka-front'],
      ['single', 'fastify-kafkajs'],
    ],
  };
  for (const [name, all] of Object.entries(needs))
    for (const [scenario, subject] of all) {
      const without = changed((each) =>
        each.scenario === scenario && each.subject === subject ? null : each,
      );
      assert.equal(lineOf(name, without).verdict, 'not measured', `${name} without ${subject}, ${scenario}`);
    }
});

test('memory is that with the log that needs more, and is measured with either', () => {
  const needed = {
    'memory-front': ['staircase', 'front', 151],
    'memory-writer': ['drain', 'writer', 152],
  } as const;
  for (const [name, [scenario, stage, mb]] of Object.entries(needed)) {
    const inKafka = madeMeasurement({ scenario, subject: 'kafka' }, { rssBytesMax: { [stage]: mb * 1e6 } });
    const made = madeResult();
    const both = madeResult({ measurements: [...made.measurements, inKafka] });
    assert.equal(medianOf(lineOf(name, both).figure), mb);
    assert.equal(medianOf(lineOf(name, madeResult({ measurements: [inKafka] })).figure), mb);
  }
});

test('a sum of CPU without one of its stages is not measured', () => {
  for (const stage of ['front', 'writer', 'postgres', 'broker'] as const) {
    const without = changed((each) => ({
      ...each,
      rounds: each.rounds.map((round) => ({ ...round, cpuUs: { ...round.cpuUs, [stage]: undefined } })),
    }));
    const stripped = JSON.parse(JSON.stringify(without)) as BenchResult;
    assert.equal(lineOf('total-kafka', stripped).verdict, 'not measured', stage);
  }
});

test('rows that do not add up meet nothing', () => {
  const lost = changed((each) =>
    each.subject === 'local' && each.scenario === 'single'
      ? {
          ...each,
          rounds: each.rounds.map((round, at) => (at === 2 ? { ...round, rowsFound: 99_999 } : round)),
        }
      : each,
  );
  const { verdict, figure } = lineOf('front-single', lost);
  assert.equal(verdict, 'not measured');
  assert.match(
    (figure as { notMeasured: string }).notMeasured,
    /do not add up: 99999 found, 100000 expected/,
  );
});

test('what the run says about a missing part is told', () => {
  const missing = [{ what: 'kafka, single', why: 'there is no Java' }];
  const result = { ...changed((each) => (each.subject === 'kafka' ? null : each)), missing };
  assert.deepEqual(lineOf('total-kafka', result).figure, { notMeasured: 'kafka, single: there is no Java' });
});

test('a long round is judged by the median of its parts, and tells when one of them differs', () => {
  const parts = (p99s: number[]) =>
    changed((each) =>
      each.scenario === 'staircase' && each.subject === 'local' && each.offeredRate === 16_700
        ? { ...each, rounds: [{ ...each.rounds[0]!, latencyWindows: p99s.map(windowOf) }] }
        : each,
    );
  const windowOf = (p99: number) => ({ p50: p99 / 10, p90: p99 / 2, p99, p999: p99, max: p99 });
  const steady = lineOf('peak-p99', parts([9, 12, 11]));
  assert.deepEqual(steady.figure, { median: 11, min: 9, max: 12, rounds: 3 });
  assert.equal(steady.roundsDiffer, false);
  const odd = lineOf('peak-p99', parts([9, 300, 11]));
  assert.deepEqual([odd.verdict, odd.roundsDiffer], ['must met', true]);
  // Beside 0.5 ms of the disk.
  assert.ok(Math.abs(medianOf(lineOf('peak-p50', parts([9, 12, 11])).figure) - 2.2) < 1e-9);
});

test('what keeps the same promise and does nothing else stands beside, where it was measured', () => {
  assert.ok(Math.abs(medianOf(lineOf('peak-p50', madeResult()).limit!) - 0.8 / 0.5) < 1e-9);
  assert.equal(medianOf(lineOf('peak-p99', madeResult()).limit!), 4 * 0.8);
  const without = changed((each) => (each.subject === 'bare-durable' ? null : each));
  const { limit, verdict } = lineOf('peak-p99', without);
  assert.ok(limit !== null && !isMeasured(limit));
  assert.equal(verdict, 'goal met');
  assert.equal(medianOf(lineOf('rate-express', madeResult()).limit!), 130 / 6.5);
  for (const name of ['rate-kafkajs', 'rate-kafkajs-front'])
    assert.ok(Math.abs(medianOf(lineOf(name, madeResult()).limit!) - 260 / 6) < 1e-9, name);
  assert.equal(lineOf('writer', madeResult()).limit, null);
});

test('requests that were due at the peak and never sent count as not acknowledged', () => {
  const starved = changed((each) =>
    each.scenario === 'staircase' && each.offeredRate === 16_700
      ? { ...each, rounds: each.rounds.map((round) => ({ ...round, unsent: 20_000 })) }
      : each,
  );
  const { verdict, figure } = lineOf('peak-errors', starved);
  assert.equal(verdict, 'missed');
  assert.equal(medianOf(figure), 20_000);
});

test('the bound itself is reached, in both directions', () => {
  const bare = madeMeasurement({ scenario: 'single', subject: 'bare' }, { cpuUs: { subject: 1e6 } });
  const verdictAt = (front: number) => {
    const local = madeMeasurement(
      { scenario: 'single', subject: 'local' },
      { cpuUs: { front: front * 1e6 } },
    );
    return lineOf('front-single', madeResult({ measurements: [local, bare] })).verdict;
  };
  assert.deepEqual([1.6, 1.61, 1.9, 1.91].map(verdictAt), ['goal met', 'must met', 'must met', 'missed']);
  const writer = (us: number) => {
    const drain = madeMeasurement(
      { scenario: 'drain', subject: 'local' },
      { cpuUs: { writer: us * 100_000 } },
    );
    return lineOf('writer', madeResult({ measurements: [drain] }));
  };
  assert.equal(writer(0.3).verdict, 'goal met');
  // Its slowest round is 3 % above the goal.
  assert.equal(writer(0.3).roundsDiffer, true);
  assert.equal(writer(0.2).roundsDiffer, false);
  // A must that every round meets is met in every round, also where one of them reaches the goal.
  assert.deepEqual(
    [writer(0.305), writer(0.98)].map(({ verdict }) => verdict),
    ['must met', 'must met'],
  );
  assert.equal(writer(0.305).roundsDiffer, false);
  assert.equal(writer(0.98).roundsDiffer, true);
  assert.equal(writer(1.01).roundsDiffer, true);
});

test('ratios stand round beside round, so that what slows both moves none', () => {
  const with3 = (rates: number[]) =>
    madeMeasurement({
      scenario: 'single',
      subject: 'local',
      rounds: rates.map((rate) => madeRound({ requests: rate * 10 })),
    });
  const ratio = ratioOf(
    with3([100, 50, 200]),
    requestsASecond,
    with3([10, 5, 20]),
    requestsASecond,
    'requests/s',
  );
  assert.deepEqual(ratio, { median: 10, min: 10, max: 10, rounds: 3 });
  const unequal = ratioOf(
    with3([100, 50]),
    requestsASecond,
    with3([10, 5, 20]),
    requestsASecond,
    'requests/s',
  );
  assert.deepEqual(unequal, { median: 7.5, min: 5, max: 10, rounds: 2 });
});

test('with several numbers of connections those that both had are compared, the most of them', () => {
  const at = (subject: 'local' | 'bare', connections: number, us: number) =>
    madeMeasurement({ scenario: 'single', subject, connections }, { cpuUs: { front: us, subject: us } });
  const result = madeResult({
    measurements: [
      at('local', 64, 2),
      at('local', 512, 3),
      at('bare', 64, 1),
      at('bare', 512, 2),
      at('bare', 9, 7),
    ],
  });
  assert.equal(medianOf(lineOf('front-single', result).figure), 1.5);
});

test('a spread needs figures', () => {
  assert.throws(() => spreadOf([]), RangeError);
  assert.throws(() => spreadOf([1, Number.NaN]), RangeError);
  assert.deepEqual(spreadOf([3, 1, 2, 10]), { median: 2.5, min: 1, max: 10, rounds: 4 });
});

test('names of goals are theirs alone', () => {
  assert.equal(new Set(goals.map(({ name }) => name)).size, goals.length);
});
