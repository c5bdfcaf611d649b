/**
 * Storing yields the CPU to acknowledging where both share one machine: a usage that is durable can wait for its
 * row, a device waits for its answer. Only processes of this instance are touched, and only downwards, which needs
 * no right. Why, and what it gives: docs/decisions/0011-storing-yields.md.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';
import { errorCode } from '../../system/errno.ts';
import { processParent } from '../../system/live-process.ts';
import { pause } from '../../system/waiting.ts';
import { findEmbeddedFolder } from './folder.ts';
import { readPostmasterFile } from './postmaster-file.ts';

/**
 * Makes a process at least so nice; one that is nicer stays as it is. On Linux its first thread, and the threads and
 * processes that this begins from then on.
 * @param pid 0: this process
 * @throws the system's error where the process is gone or is another user's
 */
export function raiseNiceness(pid: number, niceness: number): void {
  if (getPriority(pid) < niceness) setPriority(pid, niceness);
}

/**
 * The same for a session of the embedded Postgres of `dataDir`, by its backend's pid as the server told it. Of another
 * server, whose pids mean nothing here, nothing is touched.
 * @throws the system's error
 */
export async function raiseSessionNiceness(
  dataDir: string,
  backend: number,
  niceness: number,
): Promise<void> {
  const folder = await findEmbeddedFolder(dataDir);
  const postmaster = folder && (await readPostmasterFile(folder.data));
  if (!postmaster || (await processParent(backend)) !== postmaster.pid) return;
  raiseNiceness(backend, niceness);
  await raiseAutogroupNiceness(backend, niceness);
}

/** The kernel takes such a change of a user's only every tenth of a second: sched_autogroup.c, EAGAIN before. */
const autogroupEveryMs = 110;
const autogroupTriesMax = 50;

/**
 * Linux may share the CPU among sessions (setsid) first and only then among their processes, and each Postgres
 * backend is a session: there its own niceness means nothing beside ours, its autogroup's does. See sched(7).
 */
async function raiseAutogroupNiceness(pid: number, niceness: number): Promise<void> {
  const path = `/proc/${pid}/autogroup`;
  const now = /nice (-?\d+)/.exec(await readFile(path, 'utf8').catch(() => ''));
  // No such file: another system, or a kernel without.
  if (now === null || Number(now[1]) >= niceness) return;
  for (let tries = 1; ; tries++) {
    try {
      await writeFile(path, String(niceness));
      return;
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN' || tries === autogroupTriesMax) throw error;
      await pause(autogroupEveryMs);
    }
  }
}
