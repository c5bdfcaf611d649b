/**
 * The test command: Node's own test runner over test/, whose folders mirror src/, or with --soak over test/soak
 * for SOAK_MINUTES (10). Other arguments are files or folders to run instead. The runner's own lines, its
 * closing ones too, and its exit code are passed through. With CI=true a skipped test is a failure: where
 * everything can be run, a skip hides something.
 */

import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..');
const soak = process.argv.includes('--soak');
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const soakMinutes = Number(process.env.SOAK_MINUTES ?? 10);
/** No test takes as long; one that hangs must end, and say its name. */
const timeoutMs = (soak ? soakMinutes + 20 : 20) * 60_000;
/** Whole servers with a Postgres each run in these tests: more at once would only wait for each other. */
const concurrency = soak ? 1 : 2;

const files = chosen.length > 0 ? chosen.flatMap(testFiles) : testFiles('test').filter(isOfThisRun);
if (files.length === 0) throw new Error('no test file found');
/** What the files share: see test/support/cluster-template.ts. */
const runFolder = mkdtempSync(join(tmpdir(), 'usage-tests-'));
// Postgres, which never runs as root, passes through.
chmodSync(runFolder, 0o711);
process.once('exit', () => rmSync(runFolder, { recursive: true, force: true }));
process.exitCode = await runTests();

function testFiles(path: string): string[] {
  const full = join(root, path);
  if (!existsSync(full)) throw new Error(`there is no ${path}`);
  if (statSync(full).isFile()) return [path];
  return readdirSync(full, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => relative(root, join(full, name)))
    .sort();
}

function isOfThisRun(file: string): boolean {
  return file.startsWith('test/soak/') === soak;
}

async function runTests(): Promise<number> {
  const options = [
    '--disable-warning=ExperimentalWarning',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${timeoutMs}`,
  ];
  const runner = spawn(process.execPath, [...options, ...files], {
    cwd: root,
    env: { ...process.env, TEST_RUN_DIR: runFolder, ...(soak ? { SOAK_MINUTES: String(soakMinutes) } : {}) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // The runner ends its tests' processes itself; we only have to outlive it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal));
  const ended = new Promise<number>((resolve, reject) => {
    runner.once('error', reject);
    runner.once('exit', (code) => resolve(code ?? 1));
  });
  let skipped = 0;
  for await (const line of createInterface({ input: runner.stdout })) {
    process.stdout.write(`${line}\n`);
    if (process.env.CI !== 'true' || !/^\s*\ufe63 /.test(line)) continue;
    skipped += 1;
    process.stdout.write('  ^ counts as a failure, because CI=true\n');
  }
  const code = await ended;
  return code === 0 && skipped > 0 ? 1 : code;
}
