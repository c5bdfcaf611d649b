import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsText } from '../../analytics/rows-text.ts';
import { barText, createProgressBar } from '../../harness/progress-bar.ts';

test('the bar tells the share; the text count, rate and the time left', () => {
  assert.equal(barText(0.25), '[#######-----------------------]  25 %');
  assert.match(barText(0), /^\[-{30}\] {3}0 %$/);
  assert.match(barText(1), /^\[#{30}\] 100 %$/);
  assert.equal(rowsText(250_000, 1_000_000, 5), '250,000 of 1,000,000 rows  50,000/s  15 s left');
  assert.match(rowsText(0, 10, 0), / starting$/);
  assert.match(rowsText(10, 10, 1), / 0 s left$/);
});

test('a terminal gets one line drawn anew, a file a line a step', () => {
  const draw = (isTTY: boolean) => {
    const written: string[] = [];
    const bar = createProgressBar({ isTTY, write: (text) => written.push(text) });
    for (let done = 5; done <= 100; done += 5) bar.show(done / 100, `${done} rows`, Math.floor(done / 10));
    bar.end();
    return written;
  };
  const terminal = draw(true);
  assert.equal(terminal.length, 21);
  assert.ok(terminal.slice(0, -1).every((text) => text.startsWith('\r\x1b[K') && !text.includes('\n')));
  assert.equal(terminal.at(-1), '\n');
  const file = draw(false);
  assert.equal(file.length, 11);
  assert.ok(file.every((text) => /^\[[^\r]*\n$/.test(text)));
});
