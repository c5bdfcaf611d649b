/** Tiny runs of the benchmark: the result fits the format, its rows add up, and nothing is left behind. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readResult } from '../../bench/read-result.ts';
import type { Stage } from '../../bench/result.ts';
import { rowsAddUp } from '../../bench/rows.ts';
import { closeAfter } from '../support/close-after.ts';
import { until } from '../support/until.ts';

const entry = fileURLToPath(new URL('../../bench/run.ts', import.meta.url));

/** A run that keeps everything in folders of its own; `left` are the names in the temporary one. */
async function startBench(t: TestContext, args: readonly string[]) {
  const [out, temporary] = await Promise.all(
    ['out', 'tmp'].map((name) => mkdtemp(join(tmpdir(), `bench-quick-${name}-`))),
  );
  closeAfter(t, () => rm(out!, { recursive: true, force: true }));
  closeAfter(t, () => rm(temporary!, { recursive: true, force: true }));
  await chmod(temporary!, 0o711); // Postgres runs as another OS user where we are root
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', entry, '--no-kafka', '--quick', '--out', out!, ...args],
    { env: { ...process.env, TMPDIR: temporary! }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  closeAfter(t, () => child.kill('SIGTERM'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  return {
    out: out!,
    child,
    output: () => output,
    exitCode: async () => child.exitCode ?? (await once(child, 'exit'))[0],
    left: () => readdir(temporary!),
  };
}

test('a tiny run leaves a result that fits the format and adds up, and nothing else', async (t) => {
  const bench = await startBench(t, [
    ...['--only', 'single,drain', '--subjects', 'bare,local'],
    ...['--seconds', '0.2', '--rounds', '1', '--usages', '20000'],
  ]);
  assert.equal(await bench.exitCode(), 0, bench.output());

  const result = await readResult(bench.out);
  assert.deepEqual(
    result.measurements.map(({ scenario, subject }) => `${scenario} ${subject}`),
    ['single bare', 'single local', 'drain local'],
  );
  for (const { scenario, subject, rounds } of result.measurements)
    for (const round of rounds) {
      assert.ok(rowsAddUp(round), `${scenario} ${subject}`);
      assert.ok(round.usages > 0 && round.durationS > 0);
      assert.equal(round.errors + round.shed, 0);
      if (subject === 'local') assert.equal(round.rowsFound, round.usages);
      if (scenario === 'single')
        for (const stage of stagesOf(subject)) assert.ok(round.cpuUs[stage]! > 0, `${stage} of ${subject}`);
    }
  assert.ok(result.missing.some(({ what }) => what === 'kafka'));
  await access(join(bench.out, 'report.html'));
  await access(join(bench.out, 'report.md'));
  assert.deepEqual(await bench.left(), []);
});

const stagesOf = (subject: string): Stage[] =>
  subject === 'bare' ? ['load', 'subject'] : ['front', 'postgres', 'supervisor', 'writer'];

test('Ctrl-C ends all that was started', async (t) => {
  const bench = await startBench(t, ['--only', 'single', '--subjects', 'local', '--seconds', '30']);
  await until(() => bench.output().includes(': local'), {
    what: 'the round has begun',
    timeoutMs: 180_000,
  });
  bench.child.kill('SIGINT');
  assert.equal(await bench.exitCode(), 130, bench.output());
  assert.deepEqual(await readdir(bench.out), []);
  // A folder that is in use would be there again, and its server would still listen.
  assert.deepEqual(await bench.left(), []);
});

test('a wrong option is told, and nothing is started', async (t) => {
  const bench = await startBench(t, ['--only', 'singel']);
  assert.equal(await bench.exitCode(), 64);
  assert.match(bench.output(), /no scenario "singel"/);
});
