/** `npm run simulate` as a process: the simulation takes the place of the process's clock, so no test runs it inside. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const folder = join(import.meta.dirname, '..', '..', 'simulation');

export function simulate(...args: string[]): Promise<{ code: number; output: string }> {
  return simulateWith('run.ts', ...args);
}

/** Runs another of the simulation's programs. */
export async function simulateWith(
  script: string,
  ...args: string[]
): Promise<{ code: number; output: string }> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(folder, script), ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const exited = once(child, 'exit');
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await exited;
  return { code: code as number, output: output + errors };
}
