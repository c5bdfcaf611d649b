import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineCpuBetween, parseMachineCpu, sampleMachineCpu } from '../../bench/machine-cpu.ts';

const linux = { skip: process.platform === 'linux' ? false : 'the accounts are in /proc' };

test('busy and stolen cores are means over the time between two samples; idle and waiting are neither', () => {
  //                             user nice sys idle iowait irq softirq steal guest
  const before = parseMachineCpu('cpu  100 10 50 1000 30 1 9 40 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n', 5_000);
  const after = parseMachineCpu('cpu  280 20 80 1100 90 2 18 80 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n', 7_000);
  assert.deepEqual(machineCpuBetween(before, after), { coresBusy: 1.15, coresStolen: 0.2 });
});

test('what is no /proc/stat is an error', () => {
  assert.throws(() => parseMachineCpu('', 0), /proc\/stat/);
});

test('a busy loop shows', linux, () => {
  const before = sampleMachineCpu();
  const untilMs = performance.now() + 300;
  while (performance.now() < untilMs);
  const { coresBusy, coresStolen } = machineCpuBetween(before, sampleMachineCpu());
  assert.ok(coresBusy + coresStolen > 0);
});
