/**
 * Keeps the embedded Postgres running: starts it, starts it again when it ends unasked, stops it last. Where it
 * never ran, a few failures in a row end the instance with the reason; once it ran it is tried for ever, since
 * fronts acknowledge without it and the writer waits.
 */

import { performance } from 'node:perf_hooks';
import type { Logger } from '../observability/logger.ts';
import { once } from '../system/once.ts';
import { pause } from '../system/waiting.ts';
import { createRestartPause } from './restart-pause.ts';

/** The embedded server as the keeper needs it; `start` may be called again after `onExit`. */
export interface DatabaseServer {
  /** Resolves when it takes connections. */
  start(): Promise<{ readonly url: string }>;
  /** From now on its end is no news: a signal that asked the instance to stop may have reached it too. */
  expectEnd(): void;
  stop(): Promise<void>;
}

export interface DatabaseKeeperOptions {
  /** `onExit` is called when a server that was ready ended unasked. */
  create(onExit: () => void): DatabaseServer;
  /** True for what no second try can mend, such as binaries that are not there. */
  isFinal(error: unknown): boolean;
  readonly logger: Logger;
  /** A server that ran for so long is healthy: the next restart is quick again. */
  readonly healthyMs: number;
}

export interface DatabaseKeeper {
  /** Resolves with the complete URL once the first start succeeded; rejects when it was given up. */
  start(): Promise<string>;
  /** The instance is stopping: the server still works, and is not started again when it ends. */
  drain(): void;
  stop(): Promise<void>;
}

const firstStartsMax = 5;

export function createDatabaseKeeper(options: DatabaseKeeperOptions): DatabaseKeeper {
  const { create, isFinal, logger, healthyMs } = options;
  const restartPause = createRestartPause();
  const stopping = new AbortController();
  let runningSinceMs = 0;
  const server = create(() => {
    if (performance.now() - runningSinceMs >= healthyMs) restartPause.reset();
    restarting = restart();
  });
  let restarting: Promise<void> = Promise.resolve();

  async function startFirst(): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { url } = await server.start();
        runningSinceMs = performance.now();
        return url;
      } catch (error) {
        if (attempt === firstStartsMax || stopping.signal.aborted || isFinal(error)) throw error;
        await pauseAfter(error);
      }
    }
  }

  /** The pause comes first: a server that ends as soon as it is ready must not spin. */
  async function restart(): Promise<void> {
    let failure: unknown = null;
    while (!stopping.signal.aborted) {
      await pauseAfter(failure);
      if (stopping.signal.aborted) return;
      try {
        await server.start();
        runningSinceMs = performance.now();
        logger.info('postgres_restarted');
        return;
      } catch (error) {
        failure = error;
      }
    }
  }

  async function pauseAfter(failure: unknown): Promise<void> {
    const pauseMs = restartPause.next();
    if (failure) logger.warn('postgres_start_failed', { err: failure, retryInMs: pauseMs });
    await pause(pauseMs, stopping.signal);
  }

  function drain(): void {
    stopping.abort();
    server.expectEnd();
  }

  async function end(): Promise<void> {
    drain();
    await server.stop();
    await Promise.all([start.settled(), restarting.catch(() => {})]);
  }

  const start = once(startFirst);
  return { start, drain, stop: once(end) };
}
