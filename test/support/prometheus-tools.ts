/** Prometheus' own programs, as Debian's package `prometheus` brings them. */

import { execFile, execFileSync } from 'node:child_process';

/**
 * Options of a test that needs them. Where they are missing the test is skipped, by name and with what to
 * install; `npm test` counts a skip as a failure where CI=true.
 */
export const needsPrometheus = {
  skip: hasPrometheus() ? false : 'needs prometheus and promtool: apt-get install prometheus',
};

function hasPrometheus(): boolean {
  try {
    for (const program of ['prometheus', 'promtool'])
      execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs promtool; resolves with its exit code and everything it printed. */
export function promtool(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    execFile('promtool', args, { timeout: 300_000 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: Number(error?.code ?? 0), output: stdout + stderr });
    });
  });
}
