/** Runs a measured program in a process of its own, by the message that `announce.ts` sends. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Announcement } from './announce.ts';

export interface Program {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  /** Beside the runner's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Node's own arguments. */
  readonly nodeArguments?: readonly string[];
}

const startMsMax = 60_000;
const stopMsMax = 5_000;

/** Resolves once it listens. @throws Error where it ends before; what it said is on stderr */
export async function startProgram(file: URL, options: ProgramOptions = {}): Promise<Program> {
  const child = fork(file, {
    execArgv: ['--disable-warning=ExperimentalWarning', ...(options.nodeArguments ?? [])],
    env: { ...process.env, PORT: '0', NODE_ENV: 'production', ...options.env },
  });
  const { port } = await announcementOf(child, file);
  return { pid: child.pid!, port, stop: () => stopProgram(child) };
}

function announcementOf(child: ChildProcess, file: URL): Promise<Announcement> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null) => {
      clearTimeout(timer);
      reject(new Error(`${file.pathname} ended (${code ?? signal}) before it listened`));
    };
    const timer = setTimeout(() => child.kill('SIGKILL'), startMsMax);
    child.once('error', reject);
    child.once('exit', onExit);
    child.once('message', (message) => {
      clearTimeout(timer);
      child.off('exit', onExit);
      resolve(message as Announcement);
    });
  });
}

/** In order where that goes quickly, else by force. */
async function stopProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  child.kill('SIGTERM');
  await exited;
  clearTimeout(timer);
}
