/** What the benchmark's figures stand on: the usages it sends, how it counts, and how it reads metrics. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { highestLagS, parseBacklog } from '../../bench/backlog-metrics.ts';
import { createAnswerReader } from '../../bench/load/answer-reader.ts';
import { createProgress, timeLeft } from '../../bench/progress.ts';
import { rowsAddUp } from '../../bench/rows.ts';
import { planOf, subjectsOf } from '../../bench/scenarios.ts';
import { bodyOf, distinctUsages, idOf, rowBytesMax, rowOf, usageAt } from '../../bench/usages.ts';
import { timestampText } from '../../src/usage/calendar.ts';
import { encodeRow } from '../../src/usage/row.ts';
import { validateUsage } from '../../src/usage/validate.ts';

describe('usages', () => {
  test('a body becomes the row of the same number', () => {
    for (const n of [0, 1, 999, 4_999_999]) {
      const usage = validateUsage(JSON.parse(bodyOf(n)), Date.now());
      assert.ok(!Array.isArray(usage));
      const received = timestampText(Date.now());
      assert.equal(encodeRow(usage, idOf(n), received), rowOf(n, received));
      assert.ok(Buffer.byteLength(rowOf(n, received)) <= rowBytesMax);
    }
  });

  test('one place in so many repeats an earlier usage that is none itself', () => {
    const places = Array.from({ length: 50_000 }, (_, n) => usageAt(n, 20));
    assert.equal(new Set(places).size, distinctUsages(50_000, 20));
    assert.equal(new Set(places.map((n) => idOf(n))).size, distinctUsages(50_000, 20));
    const seen = new Set<number>();
    for (const [place, n] of places.entries()) {
      if (n !== place) assert.ok(seen.has(n), `place ${place} repeats what came before`);
      seen.add(n);
    }
  });
});

test('rows add up where each acknowledged usage is there, and nothing else that was refused', () => {
  assert.ok(rowsAddUp({ rowsFound: 10, rowsExpected: 10 }));
  assert.ok(rowsAddUp({ rowsFound: null, rowsExpected: null }));
  assert.ok(rowsAddUp({ rowsFound: 12, rowsExpected: 10, usagesUnknown: 2 }));
  assert.ok(!rowsAddUp({ rowsFound: 9, rowsExpected: 10, usagesUnknown: 2 }));
  assert.ok(!rowsAddUp({ rowsFound: 13, rowsExpected: 10, usagesUnknown: 2 }));
  assert.ok(!rowsAddUp({ rowsFound: 11, rowsExpected: 10 }));
  assert.ok(!rowsAddUp({ rowsFound: null, rowsExpected: 10 }));
});

test('the highest lag is the bound of the highest bucket that grew', () => {
  const at = (counts: readonly number[]) =>
    parseBacklog(
      ['0.1', '1', '+Inf']
        .map((le, n) => `usage_ingest_lag_seconds_bucket{log="local",le="${le}"} ${counts[n]}`)
        .join('\n'),
    );
  assert.equal(highestLagS(at([5, 9, 9]), at([5, 9, 9])), null);
  assert.equal(highestLagS(at([5, 9, 9]), at([7, 11, 11])), 0.1);
  assert.equal(highestLagS(at([5, 9, 9]), at([7, 12, 12])), 1);
});

test('answers are read however they are cut', () => {
  const answers = Buffer.from(
    'HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\n\r\n\r\nxHTTP/1.1 503 No\r\nX: y\r\nContent-Length: 0\r\n\r\n',
  );
  for (let size = 1; size <= answers.length; size++) {
    const statuses: number[] = [];
    const read = createAnswerReader((status) => statuses.push(status));
    for (let at = 0; at < answers.length; at += size) read(answers.subarray(at, at + size));
    assert.deepEqual(statuses, [201, 503]);
  }
  const read = createAnswerReader(() => {});
  assert.throws(() => read(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')), /no Content-Length/);
});

test('the time left follows what the steps really took', () => {
  assert.equal(timeLeft(0, 100, 3), '1:37');
  assert.equal(timeLeft(25, 100, 50), '2:30');
  const lines: string[] = [];
  const progress = createProgress({ write: (text) => lines.push(text) }, 100);
  progress.advance(25);
  progress.show('drain');
  progress.end();
  assert.match(lines.join(''), /^\[#{7}-{23}\] {2}25 % {2}\d+:\d\d left {2}drain\n$/);
});

describe('plan', () => {
  const wanted = {
    quick: true,
    only: null,
    subjects: null,
    soakSeconds: null,
    seconds: null,
    rounds: null,
    usages: null,
  };

  test('holds every scenario but the soak, the soak when asked', () => {
    const scenarios = (more: object) =>
      new Set(planOf({ ...wanted, ...more }).map(({ scenario }) => scenario));
    for (const quick of [true, false]) {
      assert.equal(scenarios({ quick }).size, 9);
      assert.ok(!scenarios({ quick }).has('soak'));
    }
    assert.deepEqual([...scenarios({ only: new Set(['soak']), soakSeconds: 60 })], ['soak']);
  });

  test('holds the wanted subjects alone', () => {
    for (const step of planOf({ ...wanted, subjects: new Set(['bare', 'copy']) }))
      assert.ok(subjectsOf(step).every((key) => key === 'bare' || key === 'copy'));
  });
});
