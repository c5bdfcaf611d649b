/** What a running server says of itself in its data folder, in the file that is also its lock. */

import { join } from 'node:path';
import { processCommand } from '../../system/live-process.ts';
import { readEmbeddedFile } from './embedded-file.ts';

export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  /** `starting`, `stopping`, `ready` or `standby`; empty while it is about to start. */
  readonly status: string;
}

export function postmasterFilePath(data: string): string {
  return join(data, 'postmaster.pid');
}

/**
 * Reads postmaster.pid: one thing a line, the pid first, the port fourth, the status eighth (miscadmin.h,
 * LOCK_FILE_LINE_*). Null where there is none, or it holds no pid (yet).
 */
export async function readPostmasterFile(data: string): Promise<PostmasterFile | null> {
  const lines = (await readEmbeddedFile(postmasterFilePath(data)))?.split('\n').map((line) => line.trim());
  const pid = Number(lines?.[0]);
  if (!lines || !Number.isSafeInteger(pid) || pid === 0) return null;
  // A negative pid is a backend that runs alone (single-user mode).
  return { pid: Math.abs(pid), port: Number(lines[3]) || 0, status: lines[7] ?? '' };
}

/**
 * Whether a process is the server of this data folder: its command line says so, as `startServer` wrote it. A
 * pid alone proves nothing, because pids are used again, in containers at once; a start time neither, because
 * the clock may have been set since.
 */
export async function isServerOf(pid: number, data: string): Promise<boolean> {
  const command = await processCommand(pid);
  return command !== null && /(^|\/)postgres /.test(command) && command.includes(` -D ${data} `);
}
