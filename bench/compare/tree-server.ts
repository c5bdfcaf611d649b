/**
 * The whole server of any tree of ours, as an operator starts it: whatever a tree has, it has `usage-ingest start`,
 * its metrics, and processes whose command lines tell their roles.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { keptPort } from '../../harness/kept-port.ts';
import { childrenByParent } from '../../harness/process-tree.ts';
import { readPostmasterFile } from '../../src/postgres/embedded/postmaster-file.ts';
import type { StageRoot } from '../subject.ts';

export interface TreeServer {
  /** Where usages are posted. */
  readonly url: string;
  readonly dataDir: string;
  databaseUrl(): Promise<string>;
  /** The fronts, the writer, Postgres and the supervisor. */
  stageRoots(): Promise<StageRoot[]>;
  /** Resolves once as many usages are stored as were ever acknowledged. */
  settle(acknowledged: number): Promise<void>;
  /** Holds the writer still, so that a backlog grows; a few seconds at most, or the supervisor thinks it dead. */
  holdWriter(): Promise<{ release(): void }>;
  stop(): Promise<void>;
}

const startMsMax = 90_000;
const settleMsMax = 120_000;
const stopMsMax = 30_000;
const pollMs = 50;

/** @throws Error with what it printed, where the server does not become ready */
export async function startTreeServer(root: string): Promise<TreeServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-server-'));
  const [port, adminPort] = [await keptPort(), await keptPort()];
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: `${port}`,
    ADMIN_PORT: `${adminPort}`,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'warn',
    // One is what is compared; more would only share the processor.
    USAGE_FRONTS: '1',
  };
  const entry = join(root, 'bin', 'usage-ingest.js');
  const nodeArguments = ['--disable-warning=ExperimentalWarning', entry];
  const child = spawn(process.execPath, [...nodeArguments, 'start'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4_000);
    });
  const stop = async () => {
    await endServer(child);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await waitFor('the server is ready', startMsMax, async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the server ended:\n${said}`);
      return isReady(`http://127.0.0.1:${port}/readyz`);
    });
  } catch (error) {
    await stop();
    throw error;
  }

  async function stageRoots(): Promise<StageRoot[]> {
    const found: StageRoot[] = [{ stage: 'supervisor', pid: child.pid! }];
    for (const pid of (await childrenByParent()).get(child.pid!) ?? []) {
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
      if (command.includes('src/front/process.ts')) found.push({ stage: 'front', pid });
      if (command.includes('src/writer/process.ts')) found.push({ stage: 'writer', pid });
    }
    const postmaster = await readPostmasterFile(join(dataDir, 'postgres', 'data'));
    // A front is ready before it.
    if (postmaster === null) throw new Error("the server's Postgres does not run yet");
    found.push({ stage: 'postgres', pid: postmaster.pid });
    return found;
  }

  return {
    url: `http://127.0.0.1:${port}/api/usages`,
    dataDir,
    async databaseUrl() {
      const { stdout } = await promisify(execFile)(process.execPath, [...nodeArguments, 'database-url'], {
        env,
      });
      return stdout.trim();
    },
    stageRoots,
    settle: (acknowledged) =>
      waitFor(`${acknowledged} usages are stored`, settleMsMax, async () => {
        const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
        const stored = sampleOf(text, 'usage_stored_total') + sampleOf(text, 'usage_duplicate_total');
        return stored >= acknowledged;
      }),
    async holdWriter() {
      const writer = (await stageRoots()).find(({ stage }) => stage === 'writer');
      if (!writer) throw new Error('the server has no writer');
      process.kill(writer.pid, 'SIGSTOP');
      return { release: () => process.kill(writer.pid, 'SIGCONT') };
    },
    stop,
  };
}

async function waitFor(what: string, msMax: number, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + msMax;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${msMax / 1_000} s in vain until ${what}`);
    await delay(pollMs);
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).status === 200;
  } catch {
    return false; // not listening yet
  }
}

/** Out of Prometheus' text format; 0 where it was never counted. */
function sampleOf(text: string, name: string): number {
  let sum = 0;
  for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm')))
    sum += Number(value);
  return sum;
}

async function endServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  // A second signal forces it; its children end with it.
  const timer = setTimeout(() => child.kill('SIGTERM'), stopMsMax);
  await ended;
  clearTimeout(timer);
}
