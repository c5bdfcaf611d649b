/**
 * The test command: Node's own test runner over test/, whose folders mirror src/, or with --soak over test/soak
 * for SOAK_MINUTES (10). Other arguments are files or folders to run instead. The runner's own lines, its
 * closing ones too, and its exit code are passed through. With CI=true a skipped test is a failure: where
 * everything can be run, a skip hides something.
 */

import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const root = join(import.meta.dirname, '..');
const soak = process.argv.includes('--soak');
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const soakMinutes = Number(process.env.SOAK_MINUTES ?? 10);
/** No test takes as long; one that hangs must end, and say its name. */
const timeoutMs = (soak ? soakMinutes + 20 : 20) * 60_000;
/** Whole servers with a Postgres each run in these tests; while one file waits for a time-out, another uses its core. */
const concurrency = soak ? 1 : availableParallelism() + 1;
/** What takes longest, longest first: begun last, it would run alone at the end. */
const longest = [
  'test/chaos/kafka-conservation',
  'test/prometheus/rules',
  'test/supervisor/processes',
  'test/chaos/kafka-away',
  'test/postgres/embedded/embedded-postgres',
  'test/chaos/',
  'test/docs/',
  'test/postgres/embedded/',
  'test/writer/',
  'test/commands/',
  'test/log/kafka/',
  'test/bench/',
  'test/console/',
  'test/front/',
];

const files =
  chosen.length > 0 ? chosen.flatMap(testFiles) : testFiles('test').filter(isOfThisRun).sort(byLength);
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

/** The order of `longest`, then of names; the sort is stable. */
function byLength(one: string, other: string): number {
  const rank = (file: string) => {
    const found = longest.findIndex((start) => file.startsWith(start));
    return found < 0 ? longest.length : found;
  };
  return rank(one) - rank(other);
}

async function runTests(): Promise<number> {
  process.env.TEST_RUN_DIR = runFolder;
  if (soak) process.env.SOAK_MINUTES = String(soakMinutes);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const events = run({
    files: files.map((file) => join(root, file)),
    concurrency,
    timeout: timeoutMs,
    execArgv: ['--disable-warning=ExperimentalWarning', `--test-timeout=${timeoutMs}`],
    signal: stopping.signal,
  });
  let failed = 0;
  events.on('test:fail', ({ todo }) => {
    if (todo === undefined || todo === false) failed += 1;
  });
  events.on('test:pass', ({ name, skip }) => {
    if (process.env.CI !== 'true' || skip === undefined || skip === false) return;
    failed += 1;
    process.stdout.write(`"${name}" was skipped, which counts as a failure, because CI=true\n`);
  });
  await pipeline(events, new spec(), process.stdout, { end: false });
  return failed === 0 && !stopping.signal.aborted ? 0 : 1;
}
