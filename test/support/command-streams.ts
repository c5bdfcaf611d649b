/** The streams of a command, in a test: what it reads is given, what it writes is kept. */

import { Readable, Writable } from 'node:stream';
import type { CommandStreams } from '../../src/commands/command-streams.ts';

export interface KeptStreams extends CommandStreams {
  readonly said: { readonly stdout: string; readonly stderr: string };
}

/** @param input what the command finds on stdin */
export function keptStreams(input = ''): KeptStreams {
  const said = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        said[name] += chunk;
        done();
      },
    });
  return { said, stdin: Readable.from([input]), stdout: into('stdout'), stderr: into('stderr') };
}

/** The lines of what a command wrote. */
export function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
