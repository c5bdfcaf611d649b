/**
 * The embedded Postgres: a real server, in DATA_DIR/postgres, for those who have none. It listens on 127.0.0.1
 * alone, keeps its data between starts, and ends with the process that started it, however that one ends.
 *
 * Whoever creates one owns the folder's server until `stop`; others connect to it by its URL
 * (../database-url.ts).
 */

import { pause } from '../../system/waiting.ts';
import {
  bringUp,
  type EmbeddedPostgresOptions,
  goOn,
  type Run,
  type StartedPostgres,
  stoppedWhileStarting,
} from './bring-up.ts';
import { endOwnership } from './owner-file.ts';

export interface EmbeddedPostgres {
  /**
   * Starts the server, making its data on the first start.
   * @throws EmbeddedPostgresError
   */
  start(): Promise<StartedPostgres>;
  /** From now on its end is no news: it is neither logged nor told to `onExit`. */
  expectEnd(): void;
  /** Ends the server in order. */
  stop(): Promise<void>;
}

export function createEmbeddedPostgres(options: EmbeddedPostgresOptions): EmbeddedPostgres {
  /** The start in flight or done; null where no server runs or is about to. */
  let current: { readonly run: Run; readonly started: Promise<StartedPostgres> } | null = null;
  let stopping: Promise<void> | null = null;
  let isEndExpected = false;

  async function begin(run: Run, before: Promise<void> | null): Promise<StartedPostgres> {
    try {
      await before;
      goOn(run);
      const started = await bringUp(run, options);
      void watch(run);
      return started;
    } catch (error) {
      // The process is ended before the log is closed: it is the one that writes to it.
      await endProcess(run, options);
      await release(run);
      if (current?.run === run) current = null;
      throw run.stopped ? stoppedWhileStarting(error) : error;
    }
  }

  /** A server that ends unasked is reported, and may be started again. */
  async function watch(run: Run): Promise<void> {
    const exit = await run.process!.ended;
    if (run.stopped) return;
    if (!isEndExpected) options.logger.error('postgres_exited', { code: exit.code, signal: exit.signal });
    await release(run).catch((err) => options.logger.error('postgres_files_failed', { err }));
    if (current?.run === run) current = null;
    if (!isEndExpected) options.onExit?.(exit);
  }

  async function end({ run, started }: { run: Run; started: Promise<StartedPostgres> }): Promise<void> {
    run.stopped = true;
    await endProcess(run, options);
    // A start in flight notices at its next step and cleans up after itself.
    await started.catch(() => {});
    await release(run);
  }

  return {
    start() {
      if (current === null || current.run.stopped) {
        const run: Run = { stopped: false, process: null, log: null, folder: null, released: null };
        current = { run, started: begin(run, stopping) };
      }
      return current.started;
    },
    expectEnd() {
      isEndExpected = true;
    },
    stop() {
      const ending = current;
      if (ending === null) return stopping ?? Promise.resolve();
      // Asked again, or asked while a start waits for the stop before it.
      if (stopping && ending.run.stopped) return stopping;
      const stop = end(ending).finally(() => {
        if (stopping === stop) stopping = null;
        if (current === ending) current = null;
      });
      stopping = stop;
      return stop;
    },
  };
}

/** Fast shutdown, then immediate, then SIGKILL: the later ones cost a recovery, no data. */
async function endProcess(run: Run, options: EmbeddedPostgresOptions): Promise<void> {
  const server = run.process;
  if (!server) return;
  let ended = false;
  const end = server.ended
    .catch(() => {})
    .then(() => {
      ended = true;
    });
  const stopTimeoutMs = options.stopTimeoutMs ?? 30_000;
  for (const { signal, waitMs } of [
    { signal: 'SIGINT', waitMs: stopTimeoutMs },
    { signal: 'SIGQUIT', waitMs: 5_000 },
    { signal: 'SIGKILL', waitMs: 60_000 },
  ] as const) {
    server.signal(signal);
    const timer = new AbortController();
    await Promise.race([end, pause(waitMs, timer.signal)]);
    timer.abort();
    if (ended) return;
    if (signal !== 'SIGKILL') options.logger.warn('postgres_stop_slow', { signal, waited_ms: waitMs });
  }
}

/** Once a run, whoever asks: a later owner's file must not be removed by an earlier run. */
function release(run: Run): Promise<void> {
  run.released ??= (async () => {
    await run.log?.close();
    if (run.folder) await endOwnership(run.folder.ownerFile);
  })();
  return run.released;
}
