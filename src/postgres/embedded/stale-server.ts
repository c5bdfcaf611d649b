/** Clears what a killed owner may have left behind: a server that still runs, a lock file that names another's pid. */

import { errorCode } from '../../system/errno.ts';
import { processStart } from '../../system/live-process.ts';
import { removeSmallFile } from '../../system/small-files.ts';
import { pause } from '../../system/waiting.ts';
import { EmbeddedPostgresError } from './embedded-error.ts';
import type { EmbeddedFolder } from './folder.ts';
import { livingOwner } from './owner-file.ts';
import { isServerOf, postmasterFilePath, readPostmasterFile } from './postmaster-file.ts';

/**
 * Returns once no other process runs the folder's server: waits for an owner that lives (a command may be about
 * to finish), ends a server whose owner is dead.
 * @returns the pid of the server that had to be ended, null where there was none
 * @throws EmbeddedPostgresError ('in_use') where a living owner keeps it longer than `waitMs`
 */
export async function clearStaleServer(folder: EmbeddedFolder, waitMs: number): Promise<number | null> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    // The server first, its owner second: a server that is found thus was not started by a later owner.
    const server = await readPostmasterFile(folder.data);
    const running = server !== null && (await isServerOf(server.pid, folder.data));
    const owner = await livingOwner(folder.ownerFile);
    if (owner === null || owner === process.pid) {
      if (running) await endServer(server.pid, folder.data);
      else if (server !== null) await forgetForeignPid(folder.data, server.pid);
      return running ? server.pid : null;
    }
    if (performance.now() >= deadline) {
      throw new EmbeddedPostgresError(
        'in_use',
        `process ${owner} runs the embedded Postgres in ${folder.root}: stop it, or use another DATA_DIR`,
      );
    }
    await pause(100);
  }
}

/** Ends a server in order; one that does not end gets less and less polite signals. Nothing committed is lost by any. */
async function endServer(pid: number, data: string): Promise<void> {
  for (const { signal, waitMs } of [
    { signal: 'SIGINT', waitMs: 20_000 },
    { signal: 'SIGQUIT', waitMs: 10_000 },
    { signal: 'SIGKILL', waitMs: 10_000 },
  ] as const) {
    if (!(await isServerOf(pid, data))) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (errorCode(error) === 'ESRCH') return;
      throw new EmbeddedPostgresError(
        'in_use',
        `process ${pid}, left over from an earlier start, runs the embedded Postgres and cannot be ended (${errorCode(error)}): end it`,
        { cause: error },
      );
    }
    const deadline = performance.now() + waitMs;
    while (performance.now() < deadline) {
      if ((await processStart(pid)) === null) return;
      await pause(20);
    }
  }
  throw new EmbeddedPostgresError('in_use', `process ${pid} runs the embedded Postgres and does not end`);
}

/**
 * Removes a lock file whose pid exists and is not this server's: another program's by now, or a zombie that
 * nobody reaps (a container whose first process does not). Postgres would take either for a running server and
 * refuse. Backends of the dead server that are still ending keep being found by their shared memory, which
 * Postgres looks up by the data folder too.
 */
async function forgetForeignPid(data: string, pid: number): Promise<void> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // No such process: Postgres sees that by itself.
    if (errorCode(error) === 'ESRCH') return;
  }
  // None is there any more where the server was in its last moment: its command line gone first, its lock by itself.
  await removeSmallFile(postmasterFilePath(data));
}
