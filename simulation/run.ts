/**
 * `npm run simulate`: runs schedules, by their seeds.
 *
 *     npm run simulate                          10,000 schedules, from seed 1 on
 *     npm run simulate -- --from 50001 --count 100
 *     npm run simulate -- --minutes 60          as many as fit, from a seed that no run had before
 *     npm run simulate -- --seed 42 --trace     one, with every step that tells something
 *     npm run simulate -- --mutation NAME       with a fault put back on purpose; --list names them
 *
 * It ends with 1 at the first schedule that breaks the promise (`--failures 20` looks for as many), and with 2 where the
 * simulation itself is wrong.
 */

import { parseArgs } from 'node:util';
import { installLoader } from './loader.ts';
import { mutations } from './mutations.ts';
import { installVirtualGlobals } from './world/globals.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    from: { type: 'string' },
    count: { type: 'string', default: '10000' },
    minutes: { type: 'string' },
    mutation: { type: 'string' },
    failures: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
  },
});

if (values.list) {
  for (const { name, undoes } of mutations) process.stdout.write(`${name}: ${undoes}\n`);
  process.exit(0);
}

const mutation =
  values.mutation === undefined ? null : mutations.find(({ name }) => name === values.mutation);
if (mutation === undefined) throw new Error(`there is no mutation "${values.mutation}": see --list`);
installLoader(mutation);
installVirtualGlobals();
// Only now: whatever of the product is loaded by then is linked to the virtual modules.
const { runSchedule } = await import('./schedule.ts');

const onTrace = values.trace ? (line: string) => void process.stdout.write(`${line}\n`) : undefined;
// Errors are normal here, and their stacks cost more than all else.
if (!onTrace) Error.stackTraceLimit = 0;

const beganAtMs = performance.now();
const untilMs = values.minutes === undefined ? Number.POSITIVE_INFINITY : Number(values.minutes) * 60_000;
const first = Number(
  values.seed ?? values.from ?? (values.minutes === undefined ? 1 : Math.floor(Date.now() / 10)),
);
const count =
  values.seed !== undefined
    ? 1
    : values.minutes !== undefined
      ? Number.POSITIVE_INFINITY
      : Number(values.count);
let [failures, schedules, steps] = [0, 0, 0];
let isBroken = false;
for (let seed = first; seed < first + count && performance.now() - beganAtMs < untilMs; seed++) {
  schedules += 1;
  try {
    const result = await runSchedule(onTrace ? { seed, onTrace } : { seed });
    steps += result.steps;
    if (count === 1) process.stdout.write(`${JSON.stringify(result)}\n`);
  } catch (error) {
    failures += 1;
    process.stdout.write(`${(error as Error).message}\n`);
    const { cause } = error as { cause?: Error };
    process.stdout.write(`  replay: npm run simulate -- --seed ${seed} --trace\n`);
    // A fault of the simulation's own would fail every schedule.
    const isFinding = cause?.name === 'BrokenPromiseError';
    if (!isFinding) process.stdout.write(`${cause?.stack}\n`);
    isBroken ||= !isFinding;
    if (!isFinding || failures >= Number(values.failures)) break;
  }
}
const seconds = (performance.now() - beganAtMs) / 1_000;
const { user, system } = process.cpuUsage();
process.stdout.write(
  `${schedules} schedules from seed ${first}, ${steps} steps, ${failures} failed: ${seconds.toFixed(1)} s, ${(schedules / seconds).toFixed(0)} a second, ${((user + system) / 1_000 / schedules).toFixed(1)} ms of CPU each\n`,
);
process.exitCode = isBroken ? 2 : failures > 0 ? 1 : 0;
