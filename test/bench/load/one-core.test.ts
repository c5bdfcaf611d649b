import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { coresIn, keepToOneCore } from '../../../bench/load/one-core.ts';

test('the cores of a process are read as the kernel lists them', () => {
  const status = (list: string) =>
    `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`;
  assert.deepEqual(coresIn(status('0')), [0]);
  assert.deepEqual(coresIn(status('0-3')), [0, 1, 2, 3]);
  assert.deepEqual(coresIn(status('2,4-5,9')), [2, 4, 5, 9]);
});

test('a process with several keeps to the first of them, with all of its threads', async (t) => {
  if (process.platform !== 'linux') return t.skip('Linux alone tells');
  const child = spawn('sleep', ['600']);
  t.after(() => child.kill());
  const statusOf = (path: string) => readFile(`/proc/${child.pid}/${path}`, 'utf8');
  const before = coresIn(await statusOf('status'));
  const core = await keepToOneCore(child.pid!);
  if (before.length < 2) return assert.equal(core, null);
  assert.equal(core, before[0]);
  assert.deepEqual(coresIn(await statusOf(`task/${child.pid}/status`)), [core]);
});
