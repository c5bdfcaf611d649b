/**
 * A whole server as an operator starts it: `usage-ingest start` in a process of its own, with its fronts,
 * writer and embedded Postgres. Its processes can be found and killed one by one.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateDatabase } from '../src/postgres/database-url.ts';
import { readPostmasterFile } from '../src/postgres/embedded/postmaster-file.ts';
import { processStart } from '../src/system/live-process.ts';
import { keptPort } from './kept-port.ts';
import { sampleSum } from './metric-samples.ts';
import { childrenByParent } from './process-tree.ts';
import { until } from './until.ts';

const root = join(import.meta.dirname, '..');
const entry = join(root, 'bin', 'usage-ingest.js');

/** What can be killed. `postgres` is the postmaster of the embedded server. */
export type Target = 'front' | 'relay' | 'writer' | 'postgres' | 'supervisor';

export interface Instance {
  readonly url: string;
  readonly adminUrl: string;
  readonly dataDir: string;
  /** Everything that the running supervisor printed. */
  output(): string;
  /** The same of all starts. */
  outputOfAll(): string;
  /** Starts the server and waits until it is ready; again after a stop or a kill, on the same DATA_DIR and ports. */
  start(env?: Record<string, string>): Promise<void>;
  /** The processes of a kind that live now. */
  pids(target: Target): Promise<number[]>;
  /** Every process below `pid`. */
  childrenOf(pid: number): Promise<number[]>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Waits for the supervisor to end, however it was ended, and for all its processes. */
  ended(): Promise<void>;
  /** A sample of /metrics, summed over label sets that match; 0 where there is none. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  databaseUrl(): Promise<string>;
  /** Ends everything and removes DATA_DIR. */
  close(): Promise<void>;
}

/** How an operator's service starts the server. */
export const startCommand: readonly string[] = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  entry,
  'start',
];

/**
 * Makes (does not start) an instance on free ports and a DATA_DIR of its own. `env` holds for every start.
 * @param command what is run, in this repository's folder
 */
export async function createInstance(
  env: Record<string, string> = {},
  [program, ...words] = startCommand,
): Promise<Instance> {
  const dataDir = await mkdtemp(join(tmpdir(), 'usage-ingest-'));
  // Its own while it is stopped or killed, too.
  const [port, adminPort] = [await keptPort(), await keptPort()];
  const url = `http://127.0.0.1:${port}`;
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const everyStart = {
    PORT: `${port}`,
    ADMIN_PORT: `${adminPort}`,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'info',
    ...env,
  };
  let supervisor: ChildProcess | undefined;
  let family: number[] = [];
  let output = '';
  let everything = '';
  const hear = (chunk: Buffer) => {
    output += chunk;
    everything += chunk;
  };

  async function start(more: Record<string, string> = {}) {
    output = '';
    const child = spawn(program!, words, {
      cwd: root,
      env: { PATH: process.env.PATH, ...everyStart, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    supervisor = child;
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    await until(
      async () => {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`the server ended (${child.exitCode ?? child.signalCode}):\n${output}`);
        return isReady(url);
      },
      { what: 'the server is ready' },
    );
    family = await descendants(child.pid!);
  }

  async function ended() {
    const child = supervisor;
    if (!child) return;
    await until(() => child.exitCode !== null || child.signalCode !== null, {
      what: 'the supervisor has ended',
    });
    await until(async () => (await Promise.all(family.map(isAlive))).every((alive) => !alive), {
      what: 'the processes of the instance have ended',
    });
  }

  /** Null until the database can be used. */
  async function readDatabaseUrl(): Promise<string | null> {
    const { DATABASE_URL } = everyStart as Record<string, string>;
    const database = await locateDatabase({ DATA_DIR: dataDir, DATABASE_URL });
    return database.kind === 'external' || database.running ? database.url : null;
  }

  return {
    url,
    adminUrl,
    dataDir,
    output: () => output,
    outputOfAll: () => everything,
    start,
    ended,
    async pids(target) {
      const root = supervisor?.pid;
      if (!root) return [];
      family = [...new Set([...family, ...(await descendants(root))])];
      if (target === 'supervisor') return [root];
      if (target === 'postgres') return postmasterPid(dataDir);
      const found: number[] = [];
      for (const pid of await descendants(root))
        if ((await commandLine(pid)).includes(`src/${target}/process.ts`)) found.push(pid);
      return found;
    },
    childrenOf: async (pid) => (await descendants(pid)).slice(1),
    async stop() {
      const child = supervisor!;
      family = await descendants(child.pid!);
      child.kill('SIGTERM');
      await ended();
      return child.exitCode;
    },
    async metric(name, labels = {}) {
      const text = await (await fetch(`${adminUrl}/metrics`)).text();
      return sampleSum(text, name, labels);
    },
    databaseUrl: () => until(readDatabaseUrl, { what: 'the database takes connections' }),
    async close() {
      if (supervisor && supervisor.exitCode === null && supervisor.signalCode === null) {
        family = await descendants(supervisor.pid!);
        supervisor.kill('SIGKILL');
      }
      await ended();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })).status === 200;
  } catch {
    return false; // not listening yet
  }
}

/** Every process below `root`, itself included, from /proc. */
async function descendants(root: number): Promise<number[]> {
  const children = await childrenByParent();
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** A zombie that nobody has waited for yet is dead. */
const isAlive = async (pid: number): Promise<boolean> => (await processStart(pid)) !== null;

async function commandLine(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
}

async function postmasterPid(dataDir: string): Promise<number[]> {
  const file = await readPostmasterFile(join(dataDir, 'postgres', 'data'));
  return file && (await isAlive(file.pid)) ? [file.pid] : [];
}
