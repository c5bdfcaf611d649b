/** What the console's page works out by itself: numbers as text, the columns of its charts, recent growth. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHistory, windowSeconds } from '../../console/history.js';
import { bytes, count, counted, duration, percent, percentOfAll, rate } from '../../console/numbers.js';
import { consoleFiles } from '../../src/admin/console/files.ts';
import { consoleSnapshotOf } from '../support/console-snapshot.ts';

const snapshotAt = (seconds: number, accepted = 0, startedAt = 0) => {
  const { instance, total } = consoleSnapshotOf();
  return consoleSnapshotOf({
    at: seconds * 1_000,
    instance: { ...instance, startedAt },
    total: { ...total, accepted },
  });
};

test('numbers are told with their unit, and a dash where there is none', () => {
  assert.deepEqual([count(1_234_567), count(null)], ['1,234,567', '–']);
  assert.deepEqual([rate(0), rate(0.25), rate(1_234.4)], ['0', '0.3', '1,234']);
  assert.deepEqual([0.0004, 0.0042, 0.12, 3.44, 75, 180, 7_200, 200_000].map(duration), [
    '0.4 ms',
    '4.2 ms',
    '120 ms',
    '3.4 s',
    '75 s',
    '3 min',
    '2 h',
    '2 days',
  ]);
  assert.deepEqual([512, 1_023, 1_048_576, 4 * 2 ** 30].map(bytes), ['512 bytes', '1 KiB', '1 MiB', '4 GiB']);
  assert.deepEqual([percent(0.5), percent(1.2), percent(undefined)], ['50 %', '120 %', '–']);
  assert.deepEqual([percentOfAll(1), percentOfAll(0.99996)], ['100 %', '99.9 %']);
  assert.deepEqual([counted(1, 'record'), counted(2, 'record')], ['1 record', '2 records']);
});

test('the charts get the last minutes, with a hole where nothing was heard', () => {
  const history = createHistory();
  const at = () => history.columns([({ total }) => total.accepted]);
  for (const seconds of [1, 2, 3, 9]) history.push(snapshotAt(seconds, seconds));
  assert.deepEqual(at(), [
    [1, 2, 3, 4, 9],
    [1, 2, 3, null, 9],
  ]);
  history.push(snapshotAt(9 + windowSeconds, 10));
  assert.deepEqual(at()[0], [9, 10, 9 + windowSeconds]);
});

test('growth is of the last minute, or since the page listens', () => {
  const history = createHistory();
  const growth = (withinMs?: number) => history.growth(({ total }) => total.accepted, withinMs);
  assert.equal(growth(), 0);
  history.push(snapshotAt(1, 100));
  assert.equal(growth(), 0);
  for (let seconds = 2; seconds <= 100; seconds++) history.push(snapshotAt(seconds, 100 + seconds));
  assert.equal(growth(), 60);
  assert.equal(growth(10_000), 10);
});

test('another instance, and a clock that was set back, begin anew', () => {
  for (const next of [snapshotAt(3, 1, 2_000), snapshotAt(1, 1)]) {
    const history = createHistory();
    history.push(snapshotAt(2, 500));
    history.push(next);
    assert.deepEqual(history.columns([({ total }) => total.accepted]), [[next.at / 1_000], [1]]);
  }
});

test('every file of the page is served, and nothing else of the folder', () => {
  const served = Object.keys(consoleFiles).filter((path) => !path.includes('uplot'));
  const files = readdirSync(join(import.meta.dirname, '../../console')).filter(
    (name) => name !== 'tsconfig.json',
  );
  assert.deepEqual(
    served.sort(),
    files.map((name) => (name === 'index.html' ? '/' : `/console/${name}`)).sort(),
  );
});
