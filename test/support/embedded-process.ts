/** Runs the embedded Postgres in a process of its own, which a test can kill. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { type Closing, closeAfter } from './close-after.ts';
import { until } from './until.ts';

const repository = join(import.meta.dirname, '../..');

type Started = { url: string; port: number; pid: number };
type Said = { started?: Started; failed?: string; message?: string };

export interface EmbeddedProcess {
  readonly child: ChildProcess;
  /** Resolves when the server takes connections; rejects with the problem. */
  readonly started: Promise<Started>;
  /** Resolves with the problem that kept it from starting. */
  readonly failed: Promise<{ failed: string; message: string }>;
  /** Sends SIGKILL to the owner and waits until it is gone. */
  killOwner(): Promise<void>;
}

/** Starts it, from `clone` and with `prefix` before its own words; it is killed after the test. */
export function startEmbeddedProcess(
  t: Closing,
  options: { dataDir: string; port?: number; inUseTimeoutMs?: number; binaries?: object },
  {
    prefix = [],
    clone = repository,
    ...as
  }: { uid?: number; gid?: number; prefix?: string[]; clone?: string } = {},
): EmbeddedProcess {
  const host = join(clone, 'test/support/embedded-host.ts');
  const inClone = relative(repository, process.execPath);
  const nodePath = inClone.startsWith('..') ? process.execPath : join(clone, inClone);
  const node = [nodePath, '--disable-warning=ExperimentalWarning', host];
  const [program, ...words] = [...prefix, ...node, JSON.stringify({ port: 0, ...options })];
  const child = spawn(program!, words, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/', ...as });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said = new Promise<Said>((resolve) => {
    createInterface(child.stdout!).once('line', (line) => resolve(JSON.parse(line)));
    child.once('exit', (code, signal) => resolve({ failed: 'exit', message: `${signal ?? code}` }));
  });
  const killOwner = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  closeAfter(t, killOwner);
  const started = said.then((line) => {
    if (line.started) return line.started;
    throw new Error(`did not start: ${line.failed} ${line.message}`);
  });
  started.catch(() => {});
  const failed = said.then((line) => {
    if (line.failed) return { failed: line.failed, message: line.message ?? '' };
    throw new Error('it started');
  });
  failed.catch(() => {});
  return { child, started, failed, killOwner };
}

/** A temporary folder, removed after the test, when whatever was started in it has ended. */
export async function temporaryFolder(t: Closing): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'usage-embedded-'));
  closeAfter(t, async () => {
    if (process.platform === 'linux') {
      await until(async () => (await processesOf(path)).length === 0, { what: 'every server ends' });
    }
    await rm(path, { recursive: true, force: true });
  });
  return path;
}

/** This clone where `user` can read it, else (below a closed home folder) a copy of it where everybody can. */
export async function readableClone(t: Closing, user: { uid: number; gid: number }): Promise<string> {
  const looked = spawnSync('test', ['-r', import.meta.filename], { ...user, cwd: '/' });
  if (looked.status === 0) return repository;
  const folder = await temporaryFolder(t);
  await chmod(folder, 0o755);
  const parts = ['package.json', 'src', 'migrations', 'harness', 'test', 'node_modules'].map((part) =>
    join(repository, part),
  );
  const copied = spawnSync('cp', ['-a', ...parts, folder]);
  if (copied.status !== 0) throw new Error(`this clone could not be copied: ${copied.stderr}`);
  return folder;
}

/** The server, its backends, initdb and the shells that watch them: whatever names or works in the folder. Linux. */
export async function processesOf(dataDir: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const command = (await readFile(`/proc/${name}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      const works = await readlink(`/proc/${name}/cwd`);
      const inside = works.startsWith(`${dataDir}/`) || command.includes(`${dataDir}/postgres/`);
      if (inside && command !== '') found.push({ pid: Number(name), command });
    } catch {
      // It ended while we looked, or is another user's.
    }
  }
  return found;
}
