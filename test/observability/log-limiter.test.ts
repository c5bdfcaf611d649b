/** However long an event goes on, few lines of it are written, and the last one is among them. */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { burstLines, createLogLimiter, lineEveryMs } from '../../src/observability/log-limiter.ts';

interface Line {
  event: string;
  serial: number;
}

function limited() {
  mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  const written: { event: string; serial: number; leftOut: number }[] = [];
  const limiter = createLogLimiter<Line>(
    (line, leftOut) => written.push({ ...line, leftOut }),
    () => nowMs,
  );
  const pass = (ms: number) => {
    nowMs += ms;
    mock.timers.tick(ms);
  };
  return { written, limiter, pass };
}

test('a day of ten lines a second is some thousand lines, each left out one is counted', (t) => {
  t.after(() => mock.timers.reset());
  const { written, limiter, pass } = limited();
  const dayMs = 86_400_000;
  const stepMs = 1_000;
  let serial = 0;
  for (let ms = 0; ms < dayMs; ms += stepMs) {
    for (let n = 0; n < 10; n++) limiter.submit({ event: 'flood', serial: serial++ });
    pass(stepMs);
  }
  pass(lineEveryMs);
  assert.ok(written.length <= burstLines + dayMs / lineEveryMs + 1, `${written.length} lines`);
  assert.equal(written.at(-1)!.serial, serial - 1, 'the last one is not written');
  assert.equal(written.length + written.reduce((sum, { leftOut }) => sum + leftOut, 0), serial);
});

test('a burst is written at once; one event does not keep another back', (t) => {
  t.after(() => mock.timers.reset());
  const { written, limiter } = limited();
  for (let serial = 0; serial < burstLines + 5; serial++) limiter.submit({ event: 'flood', serial });
  limiter.submit({ event: 'other', serial: 0 });
  assert.equal(written.length, burstLines + 1);
  assert.equal(written.at(-1)!.event, 'other');
});

test('what came last in a burst is written late, and after quiet a burst may come again', (t) => {
  t.after(() => mock.timers.reset());
  const { written, limiter, pass } = limited();
  for (let serial = 0; serial < burstLines + 5; serial++) limiter.submit({ event: 'flood', serial });
  pass(lineEveryMs - 1);
  assert.equal(written.length, burstLines);
  pass(1);
  assert.deepEqual(written.slice(burstLines), [{ event: 'flood', serial: burstLines + 4, leftOut: 4 }]);
  pass(lineEveryMs * burstLines);
  for (let serial = 0; serial < burstLines; serial++) limiter.submit({ event: 'flood', serial });
  assert.equal(written.length, 2 * burstLines + 1);
});
