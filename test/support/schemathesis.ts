/** Schemathesis, the property-based tester of APIs, as PyPI brings it. */

import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = process.env.SCHEMATHESIS ?? 'schemathesis';
const folder = join(import.meta.dirname, 'schemathesis');

/**
 * Options of a test that needs it. Where it is missing the test is skipped, by name and with what to install;
 * `npm test` counts a skip as a failure where CI=true.
 */
export const needsSchemathesis = {
  skip: hasSchemathesis()
    ? false
    : 'needs schemathesis: pip install -r test/support/schemathesis/requirements.txt; SCHEMATHESIS names it where PATH does not',
};

function hasSchemathesis(): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** No line of its report is worth more: it prints whole bodies. */
const lineLengthMax = 1_000;
const timeoutMs = 10 * 60_000;

export interface SchemathesisRun {
  readonly code: number;
  readonly output: string;
}

/**
 * Runs it against a server.
 * @param document a URL, or a file's path
 * @param examples random requests an operation; the systematic ones come on top
 */
export async function runSchemathesis(options: {
  document: string;
  serverUrl: string;
  seed: number;
  examples: number;
  phases?: string;
}): Promise<SchemathesisRun> {
  const { document, serverUrl, seed, examples, phases = 'examples,coverage,fuzzing' } = options;
  const cwd = await mkdtemp(join(tmpdir(), 'usage-schemathesis-'));
  try {
    return await run(cwd, [
      ...['--config-file', join(folder, 'schemathesis.toml'), 'run', document, '--url', serverUrl],
      ...['--checks', 'all', '--phases', phases, '--max-examples', `${examples}`, '--seed', `${seed}`],
      ...['--continue-on-failure', '--no-color'],
    ]);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

function run(cwd: string, args: string[]): Promise<SchemathesisRun> {
  const env = {
    ...process.env,
    SCHEMATHESIS_HOOKS: join(folder, 'hooks.py'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  return new Promise((resolve, reject) => {
    const options = { cwd, env, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') return reject(error);
      const lines = (stdout + stderr).split('\n').map((line) => line.slice(0, lineLengthMax));
      resolve({ code: Number(error?.code ?? 0), output: lines.join('\n') });
    });
  });
}
