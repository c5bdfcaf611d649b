/**
 * The embedded Postgres: a real server, in DATA_DIR/postgres, for those who have none. It listens on 127.0.0.1
 * alone, keeps its data between starts, and ends with the process that started it, however that one ends.
 *
 * Whoever creates one owns the folder's server until `stop`; others connect to it by its URL
 * (../database-url.ts).
 */

import { execFile } from 'node:child_process';
import { link, unlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Logger } from '../../observability/logger.ts';
import { findBinaries, type PostgresBinaries } from './binaries.ts';
import {
  connectionUrl,
  type EmbeddedConnection,
  newConnection,
  readConnectionFile,
  writeConnectionFile,
} from './connection-file.ts';
import { EmbeddedPostgresError, systemErrorCode } from './embedded-error.ts';
import { ensureDatabase } from './ensure-database.ts';
import { type EmbeddedFolder, makeEmbeddedFolder } from './folder.ts';
import type { GuardedProcess } from './guarded-process.ts';
import { dataVersion, initialise, removeLeftovers } from './initialise.ts';
import { becomeOwner, endOwnership } from './owner-file.ts';
import { probePort } from './port.ts';
import { openServerLog, type ServerLog } from './server-log.ts';
import { startServer, waitUntilReady } from './server-process.ts';
import { chooseServerUser, type ServerUser } from './server-user.ts';
import { takeOver } from './stale-server.ts';

export interface EmbeddedPostgresOptions {
  /** DATA_DIR; made where it is missing. */
  readonly dataDir: string;
  /** USAGE_POSTGRES_PORT: fixed, or 0 for the one used last, else a free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Called when a server that was ready ended unasked; `start` may be called again then. */
  readonly onExit?: (exit: { code: number | null; signal: NodeJS.Signals | null }) => void;
  /** How long to wait for another process that runs this server to let go of it. */
  readonly inUseTimeoutMs?: number;
  /** How long the server may take to be ready; recovery after a crash reads up to 2 GB of WAL. */
  readonly startTimeoutMs?: number;
  /** How long the server may take for an orderly end before it is ended at once (it recovers at the next start). */
  readonly stopTimeoutMs?: number;
  /** For tests of other things alone: without it a power cut may lose what was committed. */
  readonly fsync?: boolean;
  /** Other programs than npm's. */
  readonly binaries?: PostgresBinaries;
}

export interface EmbeddedPostgres {
  /**
   * Starts the server, making its data on the first start.
   * @throws EmbeddedPostgresError
   */
  start(): Promise<{ readonly url: string; readonly port: number; readonly pid: number }>;
  /** Ends the server in order. */
  stop(): Promise<void>;
}

type Started = Awaited<ReturnType<EmbeddedPostgres['start']>>;

/** What one start holds; its end undoes whatever of it is there. */
interface Run {
  stopped: boolean;
  process: GuardedProcess | null;
  log: ServerLog | null;
  folder: EmbeddedFolder | null;
}

export function createEmbeddedPostgres(options: EmbeddedPostgresOptions): EmbeddedPostgres {
  /** The start in flight or done; null where no server runs or is about to. */
  let current: { readonly run: Run; readonly started: Promise<Started> } | null = null;
  let stopping: Promise<void> | null = null;

  async function begin(run: Run, before: Promise<void> | null): Promise<Started> {
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
    options.logger.error('postgres_exited', { code: exit.code, signal: exit.signal });
    await release(run).catch((err) => options.logger.error('postgres_files_failed', { err }));
    if (current?.run === run) current = null;
    options.onExit?.(exit);
  }

  async function end({ run, started }: { run: Run; started: Promise<Started> }): Promise<void> {
    run.stopped = true;
    await endProcess(run, options);
    // A start in flight notices at its next step and cleans up after itself.
    await started.catch(() => {});
    await release(run);
  }

  return {
    start() {
      if (current === null || current.run.stopped) {
        const run: Run = { stopped: false, process: null, log: null, folder: null };
        current = { run, started: begin(run, stopping) };
      }
      return current.started;
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

function goOn(run: Run): void {
  if (run.stopped) throw stoppedWhileStarting();
}

function stoppedWhileStarting(cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError('stopped', 'stopped while starting', { cause });
}

async function bringUp(run: Run, options: EmbeddedPostgresOptions): Promise<Started> {
  const startedAt = performance.now();
  const binaries = options.binaries ?? (await findBinaries());
  const folder = await makeEmbeddedFolder(options.dataDir);
  const user = await chooseServerUser(binaries.postgres, folder.root, folder.data);
  const ended = await takeOver(folder, options.inUseTimeoutMs ?? 10_000);
  if (ended !== null) options.logger.warn('postgres_left_over', { pid: ended });
  goOn(run);
  await becomeOwner(folder.ownerFile);
  run.folder = folder;
  await removeLeftovers(folder);
  const connection = await knownConnection(folder);
  await prepareData(run, folder, binaries, user, connection);
  goOn(run);
  const log = await openServerLog(folder.logFile, (err) =>
    options.logger.error('postgres_files_failed', { err }),
  );
  run.log = log;
  const at = await startOnSomePort(run, { folder, binaries, user, connection, log, options });
  await ensureDatabase(at);
  goOn(run);
  const durationMs = Math.round(performance.now() - startedAt);
  const { pid } = run.process!;
  options.logger.info('postgres_started', { port: at.port, pid, duration_ms: durationMs });
  return { url: connectionUrl(at), port: at.port, pid };
}

/** The password is made once, before the data, and never replaced: two first starts at once agree on it. */
async function knownConnection(folder: EmbeddedFolder): Promise<EmbeddedConnection> {
  const known = await readConnectionFile(folder.connectionFile);
  if (known) return known;
  if ((await dataVersion(folder)) !== null) {
    throw new EmbeddedPostgresError(
      'data',
      `${folder.connectionFile}, which holds the password, is missing: restore it beside ${folder.data}`,
    );
  }
  const candidate = `${folder.connectionFile}.${process.pid}`;
  await writeConnectionFile(candidate, newConnection());
  try {
    await link(candidate, folder.connectionFile);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(candidate);
  }
  return (await readConnectionFile(folder.connectionFile))!;
}

async function prepareData(
  run: Run,
  folder: EmbeddedFolder,
  binaries: PostgresBinaries,
  user: ServerUser,
  connection: EmbeddedConnection,
): Promise<void> {
  const version = await dataVersion(folder);
  if (version === null) {
    const onProcess = (process: GuardedProcess) => {
      run.process = process;
      if (run.stopped) process.signal('SIGTERM');
    };
    await initialise(folder, binaries, user, { password: connection.password, onProcess });
    return;
  }
  const { stdout } = await promisify(execFile)(binaries.postgres, ['--version'], { timeout: 20_000 });
  const ours = /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1];
  if (version !== ours) {
    throw new EmbeddedPostgresError(
      'data',
      `${folder.data} was made by Postgres ${version}, the one installed is ${ours}: dump it with the release that made it and load it into a new DATA_DIR`,
    );
  }
}

/** How often another port, or the end of a dead server's last backends, is tried. */
const attemptsMax = 60;

async function startOnSomePort(
  run: Run,
  at: {
    folder: EmbeddedFolder;
    binaries: PostgresBinaries;
    user: ServerUser;
    connection: EmbeddedConnection;
    log: ServerLog;
    options: EmbeddedPostgresOptions;
  },
): Promise<EmbeddedConnection> {
  const { folder, binaries, user, log, options } = at;
  let connection = at.connection;
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    goOn(run);
    const port = await choosePort(options.port, connection.port);
    if (port !== connection.port) {
      connection = { ...connection, port };
      await writeConnectionFile(folder.connectionFile, connection);
    }
    const server = startServer(binaries.postgres, folder, user, { port, fsync: options.fsync ?? true, log });
    run.process = server;
    if (run.stopped) server.signal('SIGINT');
    const problem = await waitUntilReady(server, folder, log, options.startTimeoutMs ?? 600_000);
    if (problem === null) return connection;
    goOn(run);
    if (problem === 'locked') {
      throw new EmbeddedPostgresError('in_use', `another server runs in ${folder.data}: stop it first`);
    }
    if (problem === 'failed') {
      const last = (await log.said()).trim().split('\n').at(-1) ?? '';
      throw new EmbeddedPostgresError(
        'start_failed',
        `the embedded Postgres did not start: ${last} (more in ${folder.logFile})`,
      );
    }
    if (problem === 'port_taken' && options.port !== 0) throw portTaken(port);
    // A backend of the server that was killed notices that within a second or so.
    if (problem === 'still_attached') await delay(500);
  }
  throw new EmbeddedPostgresError(
    'start_failed',
    `the embedded Postgres did not start in ${attemptsMax} attempts: see ${folder.logFile}`,
  );
}

async function choosePort(fixed: number, last: number): Promise<number> {
  if (fixed !== 0) {
    if ((await probePort(fixed)) === null) throw portTaken(fixed);
    return fixed;
  }
  if (last !== 0 && (await probePort(last)) !== null) return last;
  const free = await probePort(0);
  if (free === null) throw new EmbeddedPostgresError('port_taken', 'no port of 127.0.0.1 is free');
  return free;
}

function portTaken(port: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'port_taken',
    `port ${port} of 127.0.0.1 is taken: end the program that has it, or set USAGE_POSTGRES_PORT to another one (0 picks a free one)`,
  );
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
    await Promise.race([end, delay(waitMs, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    if (ended) return;
    if (signal !== 'SIGKILL') options.logger.warn('postgres_stop_slow', { signal, waited_ms: waitMs });
  }
}

async function release(run: Run): Promise<void> {
  const { log, folder } = run;
  run.log = null;
  run.folder = null;
  await log?.close();
  if (folder) await endOwnership(folder.ownerFile);
}
