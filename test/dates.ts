/**
 * `npm run test:dates`: the tests that look at the time, on days and in zones that are not today's and not here, each
 * run with the clock moved there, Postgres' own too (libfaketime; its path in LIBFAKETIME where that is not Debian's).
 * What is to hold on every day is held on those on which it fails first. Files' times cannot be moved: the tests of
 * what looks at them set them themselves.
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const library = process.env.LIBFAKETIME ?? `/usr/lib/${machine()}-linux-gnu/faketime/libfaketime.so.1`;

const files = [
  'test/analytics/answers.test.ts',
  'test/analytics/plans.test.ts',
  'test/analytics/seed.test.ts',
  'test/front/http-unavailable.test.ts',
  'test/front/http-usages.test.ts',
  'test/log/backlog-gauges.test.ts',
  'test/store/forget-positions.test.ts',
  'test/store/months.test.ts',
  'test/usage/calendar.test.ts',
  'test/usage/timestamp.test.ts',
  'test/usage/uuid-v7.test.ts',
  'test/usage/validate.test.ts',
];

/** Each begins shortly before what its name says happens, so that it happens while the tests run. */
const runs = [
  {
    name: 'clocks go forward, on the last day of a month',
    at: '2030-03-31T00:59:45Z',
    zone: 'Europe/Berlin',
  },
  {
    name: 'clocks go back, on the first day of a month',
    at: '2026-11-01T05:59:45Z',
    zone: 'America/New_York',
  },
  { name: 'a year ends, and has ended here', at: '2027-12-31T23:59:45Z', zone: 'Asia/Kolkata' },
  { name: '29 February, and the month has ended here', at: '2028-02-29T12:00:00Z', zone: 'Pacific/Auckland' },
];

if (!existsSync(library)) {
  process.stderr.write(`${library} is missing: apt-get install libfaketime, or set LIBFAKETIME\n`);
  process.exit(1);
}
const failed: string[] = [];
for (const run of runs) {
  process.stdout.write(`\n${run.name}: ${run.at}, ${run.zone}\n`);
  if ((await runTests(run)) !== 0) failed.push(run.name);
}
process.stdout.write(failed.length > 0 ? `\nfailed: ${failed.join('; ')}\n` : '\n');
process.exitCode = failed.length > 0 ? 1 : 0;

function runTests({ at, zone }: { at: string; zone: string }): Promise<number> {
  // As a distance, so that all processes of the run agree, whenever they start.
  const seconds = Math.round((Date.parse(at) - Date.now()) / 1_000);
  const child = spawn(process.execPath, [join('test', 'run.ts'), ...files], {
    cwd: root,
    env: {
      ...process.env,
      LD_PRELOAD: library,
      FAKETIME: `${seconds < 0 ? '' : '+'}${seconds}`,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
      TZ: zone,
      // Turkish has an i of its own, and a comma in its numbers.
      LANG: 'tr_TR.UTF-8',
    },
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** As Debian's folders name it. */
function machine(): string {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64';
}
