import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLatencyWindows } from '../../../bench/load/latency-windows.ts';

test('a run has a window for each ten seconds, and no more than sixty', () => {
  const lengths = [9, 19, 20, 60, 65, 3_600].map((seconds) => {
    const windows = createLatencyWindows(seconds);
    for (let atS = 0; atS < seconds; atS++) windows?.record(atS * 1_000, 1);
    return windows?.latencies()?.length ?? null;
  });
  assert.deepEqual(lengths, [null, null, 2, 6, 6, 60]);
});

test('a request belongs to the window in which it was due, however late its answer', () => {
  const windows = createLatencyWindows(20)!;
  windows.record(-1, 1);
  windows.record(9_999, 15_000);
  windows.record(10_000, 2);
  windows.record(20_001, 3);
  const [first, second] = windows.latencies()!;
  assert.ok(Math.abs(first!.max - 15_000) < 20, `${first!.max}`);
  assert.ok(Math.abs(second!.max - 3) < 0.01, `${second!.max}`);
});

test('a window without an answer is none to judge by', () => {
  const windows = createLatencyWindows(30)!;
  for (const dueAfterMs of [5_000, 25_000]) windows.record(dueAfterMs, 1);
  assert.equal(windows.latencies(), null);
});
