/** Tells systemd how a unit of Type=notify is: sd_notify(3). Anywhere else it does nothing. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * Node has no datagram sockets of the Unix kind, so systemd's own program says it: NotifyAccess=all in the unit.
 * @throws the system's error where that program is missing or fails; systemd then waits in vain
 */
export async function tellServiceManager(
  state: 'READY=1' | 'STOPPING=1',
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  if (!environment.NOTIFY_SOCKET) return;
  await promisify(execFile)('systemd-notify', [state], { env: environment, timeout: 10_000 });
}
