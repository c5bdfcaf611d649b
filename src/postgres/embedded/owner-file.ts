/**
 * Which process runs the embedded server. A server whose owner lives is that owner's business; one whose owner
 * is dead is about to end (see guarded-process.ts) and may be ended.
 *
 * This keeps well-meaning processes apart. What makes two servers on one data folder impossible is Postgres'
 * own lock on it.
 */

import { processStart } from '../../system/live-process.ts';
import { removeSmallFile, replaceSmallFile } from '../../system/small-files.ts';
import { readEmbeddedFile } from './embedded-file.ts';

interface Owner {
  readonly pid: number;
  /** As `processStart` tells it. */
  readonly started: string;
}

/** The pid of the living process that runs the server, null where there is none. */
export async function livingOwner(path: string): Promise<number | null> {
  const owner = parse(await readEmbeddedFile(path));
  return owner && (await processStart(owner.pid)) === owner.started ? owner.pid : null;
}

/** Says that this process runs the server now. */
export async function becomeOwner(path: string): Promise<void> {
  const started = await processStart(process.pid);
  await replaceSmallFile(path, `${JSON.stringify({ pid: process.pid, started })}\n`);
}

/** Says that nobody runs the server. Only its owner calls this. */
export function endOwnership(path: string): Promise<void> {
  return removeSmallFile(path);
}

/** A file that is none of ours names no owner. */
function parse(text: string | null): Owner | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    if (typeof value !== 'object' || value === null) return null;
    const { pid, started } = value as Record<string, unknown>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : null;
  } catch {
    return null;
  }
}
