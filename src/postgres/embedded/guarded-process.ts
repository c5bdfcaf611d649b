/**
 * Starts a program that must not outlive us, whatever kills us: a small shell beside it reads a pipe whose
 * other end we hold. Its end of file means that we are gone, and it ends the program, politely first. Portable
 * (POSIX sh), where Linux alone has PR_SET_PDEATHSIG. The program itself is our direct child: the shell
 * that started it execs it, and the watching one is nobody's child, so the server never meets an unknown child.
 *
 * The program has a session of its own: a Ctrl-C in the terminal is for us alone, who stop things in order.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import type { ServerUser } from './server-user.ts';

export interface GuardedProcess {
  readonly pid: number;
  /** Resolves when the program has ended; rejects where it could not be started. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  signal(signal: NodeJS.Signals): void;
}

/**
 * fd 3: the pipe. A line on it: the program has ended already, its pid may be another's by now. End of file:
 * end it: $1 first, SIGQUIT (for Postgres: at once, with crash recovery later) after 20 s, SIGKILL after 10
 * more, which also reaches a stopped process.
 */
const script = `
first=$1; shift
( ( trap '' INT TERM HUP
    if read -r line <&3; then exit 0; fi
    alive() { kill -0 $$ 2>/dev/null; }
    wait_for_end() { n=0; while alive && [ $n -lt $1 ]; do sleep 1; n=$((n + 1)); done; }
    kill -s $first $$ 2>/dev/null; wait_for_end 20
    if alive; then kill -s QUIT $$ 2>/dev/null; wait_for_end 10; fi
    if alive; then kill -s KILL $$ 2>/dev/null; fi
  ) </dev/null >/dev/null 2>&1 & )
exec 3<&-
exec "$@"
`;

/**
 * @param firstSignal what asks the program to end in order, as \`kill -s\` names it
 * @param output file descriptor that takes stdout and stderr
 */
export function startGuarded(
  user: ServerUser,
  command: readonly string[],
  options: { firstSignal: 'INT' | 'TERM'; cwd: string; env: NodeJS.ProcessEnv; output: number },
): GuardedProcess {
  const [program, ...words] = [
    ...user.prefix,
    '/bin/sh',
    '-c',
    script,
    'sh',
    options.firstSignal,
    ...command,
  ];
  const child: ChildProcess = spawn(program!, words, {
    ...user.spawnOptions,
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', options.output, options.output, 'pipe'],
  });
  const pipe = child.stdio[3] as NodeJS.WritableStream;
  // The watcher may be gone before us; that its pipe is closed then is no news.
  pipe.on('error', () => {});
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      pipe.end('ended\n');
      resolve({ code, signal });
    });
  });
  // Whoever waits for it sees the rejection; nobody waiting is no reason to end the process.
  ended.catch(() => {});
  return { pid: child.pid ?? 0, ended, signal: (signal) => void child.kill(signal) };
}
