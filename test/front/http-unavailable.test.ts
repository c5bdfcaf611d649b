/** 503: what a client is told when its usages are not durable, or not known to be. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { appendFailed, assertProblem, post, startFront, usage, uuidV7 } from '../support/front.ts';
import { until } from '../support/until.ts';

test('a failed append is 503 log_unavailable with the ids that were given out', async (t) => {
  const { port, appender } = await startFront(t);
  appender.failure = appendFailed();
  const one = await post(port, usage);
  assertProblem(one, 503, 'log_unavailable');
  assert.match(one.json.results[0].id, uuidV7);
  const many = await post(port, [usage, {}, usage]);
  assertProblem(many, 503, 'log_unavailable');
  assert.equal(many.json.results.length, 3);
  assert.equal(many.json.results[1].error.pointer, '/1/patientId');
  appender.failure = null;
  assert.equal((await post(port, { ...usage, id: one.json.results[0].id })).status, 201);
});

test('one failed append of several makes the whole request 503', async (t) => {
  const { port, appender } = await startFront(t, { USAGE_GROUP_USAGES_MAX: '2' });
  appender.held = true;
  const reply = post(port, [usage, usage, usage, usage, usage]);
  await until(() => appender.waiting === 1, { what: 'the first group is held' });
  appender.release();
  await until(() => appender.waiting === 1, { what: 'the second group is held' });
  appender.release(appendFailed());
  assertProblem(await reply, 503, 'log_unavailable');
  assert.equal((await reply).json.results.length, 5);
  assert.equal(appender.groups.length, 2, 'what was left of it is not appended');
});

test('a log that is not writable is 503 at once, and 201 again when it is', async (t) => {
  const told: [boolean, string][] = [];
  const { port, appender } = await startFront(t, {}, { onAppendable: (...change) => told.push(change) });
  appender.setWritable(false);
  assertProblem(await post(port, usage), 503, 'log_unavailable');
  assert.equal(appender.groups.length, 0);
  appender.setWritable(true);
  assert.equal((await post(port, usage)).status, 201);
  assert.deepEqual(told, [
    [true, ''],
    [false, 'the log is not writable'],
    [true, ''],
  ]);
});

test('an append that hangs is 503 durability_unknown with the ids, and not appendable until it ends', async (t) => {
  const told: boolean[] = [];
  const { port, appender } = await startFront(
    t,
    { USAGE_APPEND_TIMEOUT_MS: '300', USAGE_FRONT_WAITING_MS_MAX: '100000' },
    { onAppendable: (appendable) => told.push(appendable) },
  );
  appender.held = true;
  const hung = post(port, usage);
  await until(() => appender.waiting === 1, { what: 'the append hangs' });
  const behind = post(port, [usage, usage]);
  const reply = await hung;
  assertProblem(reply, 503, 'durability_unknown');
  assert.match(reply.json.results[0].id, uuidV7);
  // Not one row of it was given to the log: it says so by its code.
  assertProblem(await behind, 503, 'overloaded');
  assert.equal((await behind).json.results.length, 2);
  await until(() => told.at(-1) === false, { what: 'the front says that it cannot append' });
  appender.held = false;
  appender.release();
  await until(() => told.at(-1) === true, { what: 'the front says that it can again' });
  assert.equal((await post(port, usage)).status, 201);
  assert.equal(appender.rows().length, 2, 'the rows that were given up are not appended');
});

test('a clock before the release is not appendable, and 503', async (t) => {
  let nowMs = 1000;
  const told: [boolean, string][] = [];
  const { port } = await startFront(
    t,
    {},
    { now: () => nowMs, onAppendable: (...change) => told.push(change) },
  );
  assertProblem(await post(port, usage), 503, 'clock_wrong');
  assert.deepEqual(told, [[false, 'the clock is before the release date of this version']]);
  nowMs = Date.now();
  assert.equal((await post(port, usage)).status, 201);
  await until(() => told.at(-1)?.[0], { what: 'the front says that it can append' });
});

test('Retry-After is spread over 1 to 5', async (t) => {
  const { port, appender } = await startFront(t);
  appender.setWritable(false);
  const seen = new Set<string>();
  // Of 200 draws over five values one is missed once in 10^19.
  for (let i = 0; i < 200; i++) seen.add((await post(port, usage)).headers['retry-after']!);
  assert.deepEqual([...seen].sort(), ['1', '2', '3', '4', '5']);
});
