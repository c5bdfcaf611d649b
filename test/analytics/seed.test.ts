/** `npm run seed` as a person runs it. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { movedClock } from '../support/moved-clock.ts';
import { query, startTestPostgres } from '../support/postgres.ts';

const postgres = await startTestPostgres();
const script = fileURLToPath(new URL('../../analytics/seed.ts', import.meta.url));

function seed(databaseUrl: string, ...args: string[]): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', script, ...args],
      { env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl, ...movedClock } },
      (error, _, stderr) => resolve({ code: Number(error?.code ?? 0), stderr }),
    );
  });
}

test('it makes the rows that were asked for, and more of them when run again', async () => {
  const url = await postgres.createDatabase();
  const counted = 'select count(*)::int as rows, count(distinct patient_id)::int as patients from usages';
  const first = await seed(url, '--rows', '2,000', '--months', '2', '--patients', '50');
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /100 % {2}2,000 of 2,000 rows/);
  assert.deepEqual(await query(url, counted), [{ rows: 2_000, patients: 50 }]);
  const again = await seed(url, '--rows', '1000', '--months', '2', '--patients', '50', '--seed', '2');
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(await query(url, counted), [{ rows: 3_000, patients: 50 }]);
});

test('a wrong option is told with all that there are, and nothing is made', async () => {
  const wrong = [
    ['--rows', '0'],
    ['--rows', 'many'],
    ['--months', '241'],
    ['--lines', '5'],
  ];
  await Promise.all(
    wrong.map(async (args) => {
      const { code, stderr } = await seed(postgres.url, ...args);
      assert.equal(code, 64, args.join(' '));
      assert.match(stderr, /--patients N/);
    }),
  );
  assert.deepEqual(await query(postgres.url, "select to_regclass('usages') as made"), [{ made: null }]);
});
