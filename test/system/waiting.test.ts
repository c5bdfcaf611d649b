import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs, LateError, pause, within } from '../../src/system/waiting.ts';

test('an answer in time is given, whatever it is; one that does not come is a rejection', async () => {
  assert.equal(await within(60_000, 'it', Promise.resolve(7)), 7);
  await assert.rejects(within(60_000, 'it', Promise.reject(new TypeError('its own'))), TypeError);
  await assert.rejects(within(1, 'it', new Promise(() => {})), LateError);
});

test('work that fails after its time is up ends nothing else', async () => {
  const work = Promise.withResolvers<never>();
  await assert.rejects(within(1, 'it', work.promise), LateError);
  work.reject(new Error('an unhandled rejection would end this process'));
  await new Promise(setImmediate);
});

test('a pause ends early, and quietly, where it is aborted', async () => {
  const stop = new AbortController();
  const pausing = pause(3_600_000, stop.signal);
  stop.abort();
  await pausing;
  await pause(3_600_000, stop.signal);
});

test('each failure in a row doubles the wait, half of it by chance, up to 5 s', () => {
  assert.deepEqual(
    [1, 2, 3].map((failures) => backoffMs(failures, 0)),
    [25, 50, 100],
  );
  assert.deepEqual(
    [1, 2, 3].map((failures) => backoffMs(failures, 1)),
    [50, 100, 200],
  );
  assert.equal(backoffMs(1_000, 1), 5_000);
});
