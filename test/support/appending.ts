/** Starts `append-process.ts` and hears what it was acknowledged. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

export interface Appending {
  readonly process: ChildProcess;
  /** The partition's folder. */
  readonly folder: string;
  /** Labels that were acknowledged, as far as they were heard. */
  readonly acknowledged: string[];
  /** Kills it as by kill -9; resolves once it is dead and all it said was heard. */
  kill(): Promise<void>;
  /** Lets it stop in order; resolves once it exited. */
  end(): Promise<void>;
  readonly exited: Promise<unknown>;
}

const script = fileURLToPath(new URL('./append-process.ts', import.meta.url));

export async function startAppending(
  logDir: string,
  options: { slot?: number; segmentBytes?: number; rowBytes?: number; failpoint?: string } = {},
): Promise<Appending> {
  const { slot = 0, segmentBytes = 64 * 1024, rowBytes = 100, failpoint } = options;
  const args = [script, logDir, slot, segmentBytes, rowBytes].map(String);
  const env = { ...process.env, ...(failpoint ? { FAILPOINT: failpoint } : {}) };
  const flags = ['--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, ...args], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  const acknowledged: string[] = [];
  let folder = '';
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith('partition ')) folder = line.slice('partition '.length);
      else acknowledged.push(line);
    }
  });
  await until(() => folder || child.exitCode !== null || child.signalCode !== null, { what: 'the appender' });
  return {
    process: child,
    folder,
    acknowledged,
    exited,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async end() {
      child.stdin.end();
      await exited;
    },
  };
}
