/** A whole server for tests: it starts on a copied cluster, and may log only what docs/logs.md lists. */

import * as harness from '../../harness/instance.ts';
import { copyCluster } from './cluster-template.ts';
import { checkLogLines } from './log-lines.ts';
import { movedClock } from './moved-clock.ts';

export { type Instance, startCommand, type Target } from '../../harness/instance.ts';
export { sampleSum } from '../../harness/metric-samples.ts';

/**
 * As the harness makes it, but for what a first start waits for, and for its end.
 * @throws AssertionError from `close` where it logged what docs/logs.md does not list
 */
export async function createInstance(
  env: Record<string, string> = {},
  command: readonly string[] = harness.startCommand,
): Promise<harness.Instance> {
  const instance = await harness.createInstance({ ...movedClock, ...env }, command);
  if (env.DATABASE_URL === undefined) await copyCluster(instance.dataDir);
  return {
    ...instance,
    async close() {
      await instance.close();
      checkLogLines(instance.outputOfAll());
    },
  };
}
