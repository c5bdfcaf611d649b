/**
 * What a log line may tell of an error. Errors from below us carry values: Postgres puts rows into `message`,
 * `detail` and `where`, and rows are health data. So fields are named here one by one, nothing is copied.
 */

import { errorCode } from '../system/errno.ts';

/** How many causes are followed; a chain can be circular. */
const causesMax = 4;

/** Structured fields of an error; of a database's own error the code and place but never its text. */
export function errorFields(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const cause =
    error.cause === undefined || depth >= causesMax ? {} : { cause: errorFields(error.cause, depth + 1) };
  const { code, syscall, severity, routine, table, constraint } = error as Error & Record<string, unknown>;
  const place = { code, syscall, severity, routine, table, constraint };
  const told = Object.fromEntries(
    Object.entries(place).filter(([, value]) => typeof value === 'string' || typeof value === 'number'),
  );
  const text = severity === undefined ? { message: error.message } : {};
  return { type: error.name, ...text, ...told, stack: frames(error), ...cause };
}

/** The same without any message: for errors that nobody expected, of which nothing is known. */
export function crashFields(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = errorCode(error);
  return { type: error.name, ...(code === undefined ? {} : { code }), stack: frames(error) };
}

/** Where an unexpected error came from, and nothing of what it says: its message may quote a body. */
export function codeLines(error: unknown): { name: string; at: string[] } {
  if (!(error instanceof Error)) return { name: typeof error, at: [] };
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { name: error.name, at: lines.slice(0, 10).map((line) => line.trim()) };
}

/** The stack's lines that name places; its head repeats the message. */
function frames(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}
