/** The runner's end of the load generator. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { keepToOneCore } from './one-core.ts';
import type { FromLoad, LoadPlan, LoadResult, ToLoad } from './plan.ts';

export interface Load {
  readonly pid: number;
  /** The one it keeps to; null: any. */
  readonly core: number | null;
  /** Acknowledged requests of the run under way, told once a second; 0 where there is none. */
  readonly requestsSoFar: number;
  /** One at a time. @throws Error where the generator could not do it at all */
  run(plan: LoadPlan): Promise<LoadResult>;
  stop(): Promise<void>;
}

export async function startLoad(): Promise<Load> {
  const child = fork(fileURLToPath(new URL('process.ts', import.meta.url)), [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  let requestsSoFar = 0;
  let hear: (message: FromLoad) => void = () => {};
  let fail: (error: Error) => void = () => {};
  child.on('message', (message: FromLoad) => hear(message));
  child.once('error', (error) => fail(error));
  child.once('exit', () => fail(new Error('the load generator has ended')));
  await new Promise<void>((resolve, reject) => {
    hear = () => resolve();
    fail = reject;
  });
  const core = await keepToOneCore(child.pid!);
  return {
    pid: child.pid!,
    core,
    get requestsSoFar() {
      return requestsSoFar;
    },
    run(plan) {
      requestsSoFar = 0;
      return new Promise((resolve, reject) => {
        fail = reject;
        hear = (message) => {
          if (message.type === 'progress') requestsSoFar = message.requests;
          if (message.type === 'failed') reject(new Error(`the load generator failed: ${message.message}`));
          if (message.type !== 'done') return;
          requestsSoFar = message.result.requests;
          resolve(message.result);
        };
        child.send({ type: 'run', plan } satisfies ToLoad, (error) => error && reject(error));
      });
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
