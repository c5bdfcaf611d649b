/** A server of ours that is measured: it ends with the runner, however that ends. */

import { createInstance, type Instance } from '../harness/instance.ts';
import { startWatchdog, type Watchdog } from '../kafka/start-watchdog.ts';

/**
 * As `createInstance` makes it; `close` also after a start that failed.
 * @param env of every start
 * @param command what is run instead of `usage-ingest start`
 */
export async function createWatchedInstance(
  env: Record<string, string>,
  command?: readonly string[],
): Promise<Instance> {
  const instance = await createInstance(env, command);
  let watchdog: Watchdog | null = null;
  let watched: readonly number[] = [];
  return {
    ...instance,
    async start(more) {
      await instance.start(more);
      // A runner that is killed ends nothing itself.
      watchdog = startWatchdog();
      watched = await instance.pids('supervisor');
      for (const pid of watched) watchdog.add(pid);
    },
    async close() {
      await instance.close();
      // Its pid may be another's from now on.
      for (const pid of watched) watchdog?.remove(pid);
      watchdog?.close();
    },
  };
}
