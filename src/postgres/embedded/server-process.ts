/** One run of the server: started, waited for until it takes connections, or why it did not come up. */

import { pause } from '../../system/waiting.ts';
import { EmbeddedPostgresError } from './embedded-error.ts';
import type { EmbeddedFolder } from './folder.ts';
import { type GuardedProcess, startGuarded } from './guarded-process.ts';
import { readPostmasterFile } from './postmaster-file.ts';
import { serverEnvironment } from './server-environment.ts';
import type { ServerLog } from './server-log.ts';
import { fixedSettings } from './server-settings.ts';
import type { ServerUser } from './server-user.ts';

/** Why a run of the server ended before it was ready. */
export type FailedStart = 'port_taken' | 'still_attached' | 'locked' | 'failed';

export function startServer(
  postgres: string,
  folder: EmbeddedFolder,
  user: ServerUser,
  options: { port: number; fsync: boolean; log: ServerLog },
): GuardedProcess {
  return startGuarded(user, [postgres, '-D', folder.data, ...fixedSettings(options)], {
    // Fast shutdown: end the sessions, write a checkpoint, exit.
    firstSignal: 'INT',
    cwd: folder.data,
    env: serverEnvironment,
    output: options.log.fd,
  });
}

/**
 * Waits until the server takes connections; recovery after a crash may take its time.
 * @returns null when it does, else why it ended before
 * @throws EmbeddedPostgresError ('start_failed') past `timeoutMs`
 */
export async function waitUntilReady(
  server: GuardedProcess,
  folder: EmbeddedFolder,
  log: ServerLog,
  timeoutMs: number,
): Promise<FailedStart | null> {
  const deadline = performance.now() + timeoutMs;
  let ended = false;
  const end = server.ended.finally(() => {
    ended = true;
  });
  end.catch(() => {});
  while (performance.now() < deadline) {
    if (ended) {
      await end;
      return whyEnded(await log.said());
    }
    const file = await readPostmasterFile(folder.data);
    if (file?.pid === server.pid && file.status === 'ready') return null;
    await Promise.race([pause(25), end]);
  }
  throw new EmbeddedPostgresError(
    'start_failed',
    `the embedded Postgres was not ready within ${timeoutMs} ms: see ${folder.logFile}`,
  );
}

/** Reads it off the server's last words, which are English whatever the machine's language (LC_ALL above). */
function whyEnded(said: string): FailedStart {
  if (/could not bind|could not create any TCP\/IP sockets/.test(said)) return 'port_taken';
  if (/pre-existing shared memory block .* is still in use/.test(said)) return 'still_attached';
  if (/lock file "postmaster\.pid" (already exists|is empty)/.test(said)) return 'locked';
  return 'failed';
}
