/** The way from nothing to a server that takes connections, step by step. */

import { execFile } from 'node:child_process';
import { link, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Logger } from '../../observability/logger.ts';
import { errorCode } from '../../system/errno.ts';
import { pause } from '../../system/waiting.ts';
import { findBinaries, type PostgresBinaries } from './binaries.ts';
import {
  connectionUrl,
  type EmbeddedConnection,
  newConnection,
  readConnectionFile,
  writeConnectionFile,
} from './connection-file.ts';
import { EmbeddedPostgresError } from './embedded-error.ts';
import { ensureDatabase } from './ensure-database.ts';
import { type EmbeddedFolder, makeEmbeddedFolder } from './folder.ts';
import type { GuardedProcess } from './guarded-process.ts';
import { dataVersion, initialise, removeLeftovers } from './initialise.ts';
import { becomeOwner } from './owner-file.ts';
import { choosePort, portTaken } from './port.ts';
import { openServerLog, type ServerLog } from './server-log.ts';
import { startServer, waitUntilReady } from './server-process.ts';
import { chooseServerUser, giveDataTo, type ServerUser } from './server-user.ts';
import { clearStaleServer } from './stale-server.ts';

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

/** A server that takes connections. */
export interface StartedPostgres {
  readonly url: string;
  readonly port: number;
  /** The postmaster. */
  readonly pid: number;
}

/** What one start holds; its end undoes whatever of it is there. */
export interface Run {
  stopped: boolean;
  process: GuardedProcess | null;
  log: ServerLog | null;
  /** Set once this process owns the folder's server. */
  folder: EmbeddedFolder | null;
  released: Promise<void> | null;
}

/** Every step that takes long is followed by this. */
export function goOn(run: Run): void {
  if (run.stopped) throw stoppedWhileStarting();
}

export function stoppedWhileStarting(cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError('stopped', 'stopped while starting', { cause });
}

/**
 * Fills `run` as it goes: whatever is in it when this throws is to be undone.
 * @throws EmbeddedPostgresError
 */
export async function bringUp(run: Run, options: EmbeddedPostgresOptions): Promise<StartedPostgres> {
  const startedAt = performance.now();
  const binaries = options.binaries ?? (await findBinaries());
  const folder = await makeEmbeddedFolder(options.dataDir);
  const user = await chooseServerUser(binaries.postgres, folder.root, folder.data);
  const ended = await clearStaleServer(folder, options.inUseTimeoutMs ?? 10_000);
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
  if (!at.databaseMade) await writeConnectionFile(folder.connectionFile, { ...at, databaseMade: true });
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
    if (errorCode(error) !== 'EEXIST') throw error;
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
  await giveDataTo(user, folder.data);
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
    if (problem === 'still_attached') await pause(500);
  }
  throw new EmbeddedPostgresError(
    'start_failed',
    `the embedded Postgres did not start in ${attemptsMax} attempts: see ${folder.logFile}`,
  );
}
