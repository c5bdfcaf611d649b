/** What a command writes, kept. */

import type { CommandOutput } from '../../src/commands/command-output.ts';

export function commandLines(): CommandOutput & { readonly stdout: string[]; readonly stderr: string[] } {
  const stdout: string[] = [];
  const stderr: string[] = [];
  return { stdout, stderr, out: (line) => stdout.push(line), err: (line) => stderr.push(line) };
}
