/** A supervisor over the role fixtures, in a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Timing } from '../../src/supervisor/timing.ts';
import { until } from './until.ts';

const entry = join(import.meta.dirname, 'roles', 'instance.ts');

export interface LoggedEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Supervised {
  readonly child: ChildProcess;
  readonly dataDir: string;
  /** Everything on stdout and stderr. */
  output(): string;
  /** The log lines so far, those of one event only where it is named. */
  events(event?: string): LoggedEvent[];
  started(): Promise<{ url: string; adminUrl: string }>;
  /** The pid that runs in a slot now, by the last `role_started` of it. */
  pid(role: string, worker?: number): number;
  metrics(): Promise<string>;
  exit(): Promise<number | null>;
}

const folders: string[] = [];
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** Removed when the test file has ended, and with it every process that could still write there. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'usage-ingest-'));
  folders.push(folder);
  return folder;
}

/** Starts one; it is ended with the test, its children too, since they end with it. */
export function startSupervised(
  t: TestContext,
  options: { env?: Record<string, string>; timing?: Partial<Timing>; dataDir?: string } = {},
): Supervised {
  const dataDir = options.dataDir ?? temporaryFolder();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      ADMIN_PORT: '0',
      DATA_DIR: dataDir,
      DATABASE_URL: 'postgres://somebody:secret@127.0.0.1:1/nowhere',
      USAGE_FRONTS: '2',
      TIMING: JSON.stringify(options.timing ?? {}),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  // 'close' follows the end of all who have the pipes: the children too.
  const closed = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const events = (event?: string): LoggedEvent[] =>
    output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line))
      .filter((line) => event === undefined || line.event === event);
  const started = async () => {
    const line = await until(
      () => {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}:\n${output}`);
        const writer = events('role_started').some(({ ofRole }) => ofRole === 'writer');
        return writer ? events('instance_started')[0] : null;
      },
      { what: 'the instance is started and its writer is ready', timeoutMs: 30_000 },
    );
    return line as unknown as { url: string; adminUrl: string };
  };
  return {
    child,
    dataDir,
    output: () => output,
    events,
    started,
    pid(role, worker = 0) {
      const line = events('role_started').findLast(
        ({ ofRole, ofWorker }) => ofRole === role && ofWorker === worker,
      );
      if (!line) throw new Error(`${role} ${worker} was never ready:\n${output}`);
      return line.ofPid as number;
    },
    metrics: async () => (await fetch(`${(await started()).adminUrl}/metrics`)).text(),
    async exit() {
      await closed;
      return child.exitCode;
    },
  };
}

/** False too for a zombie that nobody has waited for yet. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}
