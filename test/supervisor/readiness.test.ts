import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instanceReadiness } from '../../src/supervisor/readiness.ts';
import { createRestartPause, firstPauseMs, pauseMsMax } from '../../src/supervisor/restart-pause.ts';

const able = { ready: true, appendable: true, reason: 'ready' };
const full = { ready: true, appendable: false, reason: 'log full' };
const starting = { ready: false, appendable: false, reason: 'starting' };

test('the instance is ready while one front is and none of the ready ones says that it cannot append', () => {
  assert.equal(instanceReadiness(false, [able, able]).ready, true);
  assert.equal(instanceReadiness(false, [able, starting]).ready, true);
  assert.deepEqual(instanceReadiness(false, [able, full]), { ready: false, reason: 'log full' });
  assert.equal(instanceReadiness(false, [starting, starting]).ready, false);
  assert.equal(instanceReadiness(false, []).ready, false);
  assert.deepEqual(instanceReadiness(true, [able]), { ready: false, reason: 'stopping' });
});

test('pauses double up to the cap and are short again after a reset', () => {
  const restartPause = createRestartPause();
  const pauses = Array.from({ length: 12 }, () => restartPause.next());
  assert.equal(pauses[0], firstPauseMs);
  assert.equal(pauses[1], 2 * firstPauseMs);
  assert.equal(pauses.at(-1), pauseMsMax);
  restartPause.reset();
  assert.equal(restartPause.next(), firstPauseMs);
});
