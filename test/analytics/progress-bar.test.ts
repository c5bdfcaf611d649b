import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgressBar, progressText } from '../../analytics/progress-bar.ts';

test('the text tells share, count, rate and the time left', () => {
  assert.equal(
    progressText(250_000, 1_000_000, 'rows', 5),
    '[#######-----------------------]  25 %  250,000 of 1,000,000 rows  50,000/s  15 s left',
  );
  assert.match(progressText(0, 10, 'rows', 0), /^\[-{30}\] {3}0 % .* starting$/);
  assert.match(progressText(10, 10, 'rows', 1), /^\[#{30}\] 100 % .* 0 s left$/);
});

test('a terminal gets one line drawn anew, a file a line every tenth', () => {
  const draw = (isTTY: boolean) => {
    const written: string[] = [];
    const bar = createProgressBar({ isTTY, write: (text) => written.push(text) }, 100, 'rows');
    for (let done = 5; done <= 100; done += 5) bar.show(done);
    bar.end();
    return written;
  };
  const terminal = draw(true);
  assert.equal(terminal.length, 21);
  assert.ok(terminal.slice(0, -1).every((text) => text.startsWith('\r\x1b[K') && !text.includes('\n')));
  assert.equal(terminal.at(-1), '\n');
  const file = draw(false);
  assert.equal(file.length, 10);
  assert.ok(file.every((text) => /^\[[^\r]*\n$/.test(text)));
});
