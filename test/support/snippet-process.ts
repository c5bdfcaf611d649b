/** A client of docs/clients.md as a process, with usages on its stdin. */

import { spawn } from 'node:child_process';
import { until } from './until.ts';

export interface SnippetProcess {
  /** What it printed on stdout and stderr so far. */
  output(): string;
  /** SIGKILL, as when a battery dies; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves with its exit code. @throws Error when it was killed, or runs for more than two minutes */
  ended(): Promise<number>;
}

/** @param command the program and its arguments, run in `folder` with USAGE_URL in its environment */
export function startSnippet(
  command: readonly string[],
  options: { folder: string; url: string; stdin?: readonly object[]; env?: Record<string, string> },
): SnippetProcess {
  const [program, ...args] = command;
  const child = spawn(program!, args, {
    cwd: options.folder,
    // HOME for pyenv's python3 and for npx.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, USAGE_URL: options.url, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  let failure: Error | null = null;
  child.once('error', (error) => (failure = error));
  let isClosed = false;
  child.once('close', () => (isClosed = true));
  // A client that ends early, or is killed, does not read all of it.
  child.stdin.on('error', () => {});
  child.stdin.end((options.stdin ?? []).map((usage) => `${JSON.stringify(usage)}\n`).join(''));
  const closed = () =>
    until(() => failure !== null || isClosed, {
      what: `${command.join(' ')} has ended`,
      timeoutMs: 120_000,
    }).catch((error) => {
      child.kill('SIGKILL');
      throw new Error(`${error.message}:\n${output}`);
    });
  return {
    output: () => output,
    async kill() {
      child.kill('SIGKILL');
      await closed();
    },
    async ended() {
      await closed();
      if (failure) throw failure;
      if (child.exitCode === null) throw new Error(`${command.join(' ')} ended by ${child.signalCode}`);
      return child.exitCode;
    },
  };
}
