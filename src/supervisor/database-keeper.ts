/**
 * Keeps the embedded Postgres running: starts it, starts it again when it ends unasked, stops it last. Where it
 * never ran, a few failures in a row end the instance with the reason; once it ran it is tried for ever, since
 * fronts acknowledge without it and the writer waits.
 */

import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../observability/logger.ts';
import { createBackoff } from './backoff.ts';

/** The embedded server as the keeper needs it; `start` may be called again after `onExit`. */
export interface DatabaseServer {
  /** Resolves when it takes connections. */
  start(): Promise<{ readonly url: string }>;
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
  stop(): Promise<void>;
}

const firstStartsMax = 5;

export function createDatabaseKeeper(options: DatabaseKeeperOptions): DatabaseKeeper {
  const { create, isFinal, logger, healthyMs } = options;
  const backoff = createBackoff();
  const stopping = new AbortController();
  let runningSinceMs = 0;
  const server = create(() => {
    if (performance.now() - runningSinceMs >= healthyMs) backoff.reset();
    restarting = restart();
  });
  let started: Promise<string> | null = null;
  let stopped: Promise<void> | null = null;
  let restarting: Promise<void> = Promise.resolve();

  async function startFirst(): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { url } = await server.start();
        runningSinceMs = performance.now();
        return url;
      } catch (error) {
        if (attempt === firstStartsMax || stopping.signal.aborted || isFinal(error)) throw error;
        await pause(error);
      }
    }
  }

  /** The pause comes first: a server that ends as soon as it is ready must not spin. */
  async function restart(): Promise<void> {
    let failure: unknown = null;
    while (!stopping.signal.aborted) {
      await pause(failure);
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

  async function pause(failure: unknown): Promise<void> {
    const pauseMs = backoff.next();
    if (failure) logger.warn('postgres_start_failed', { err: failure, retryInMs: pauseMs });
    await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
  }

  return {
    start() {
      started ??= startFirst();
      return started;
    },
    stop() {
      stopping.abort();
      stopped ??= (async () => {
        await server.stop();
        await Promise.allSettled([started, restarting]);
      })();
      return stopped;
    },
  };
}
