import type { Readable, Writable } from 'node:stream';

/** What a command reads and writes: the process' own streams, or a test's. */
export interface CommandStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}
