/**
 * psql as a client in C: it runs scripts over one connection and lives until it is told to end, so that what it and
 * its backend used can still be read when the work is done.
 */

import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { errorCode } from '../../src/system/errno.ts';

export interface PsqlSession {
  readonly pid: number;
  /** Resolves when psql has run the whole of it. @throws Error with what psql said last */
  run(script: string): Promise<void>;
  stop(): Promise<void>;
}

/** `15.18`, or null where this machine has no psql. */
export async function psqlVersion(): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('psql', ['--version']);
    return /\d+(\.\d+)?/.exec(stdout)?.[0] ?? stdout.trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Without the user's own settings, quiet, ending at the first error. */
const psqlArguments = ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--set=VERBOSITY=terse'];

/** A connection that is there when this resolves. */
export async function openPsql(databaseUrl: string): Promise<PsqlSession> {
  const child = spawn('psql', psqlArguments, {
    env: { ...process.env, ...libpqEnvironment(databaseUrl) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit').then(() => {});
  exited.catch(() => {});
  // It may end while a script is being written; what it said tells more than a broken pipe.
  child.stdin.on('error', () => {});
  const run = scriptRunner(child);
  // Answered only over a connection.
  await run('select 1 \\g /dev/null\n');
  return {
    pid: child.pid!,
    run,
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}

/** A password has no place among the arguments that `ps` shows. */
function libpqEnvironment(databaseUrl: string): Record<string, string> {
  const url = new URL(databaseUrl);
  return {
    PGHOST: url.hostname,
    PGPORT: url.port || '5432',
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: url.pathname.slice(1),
    PGOPTIONS: '-c TimeZone=UTC',
    PGCLIENTENCODING: 'UTF8',
  };
}

function scriptRunner(child: ChildProcessByStdio<Writable, Readable, Readable>) {
  const doneMark = 'script done';
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-2_000);
  });
  const lines = createInterface({ input: child.stdout });
  return (script: string) =>
    new Promise<void>((resolve, reject) => {
      const onLine = (line: string) => {
        if (line !== doneMark) return;
        forget();
        resolve();
      };
      const onEnd = (why: unknown) => {
        forget();
        reject(new Error(`psql ended (${why instanceof Error ? why.message : why}): ${said.trim()}`));
      };
      const forget = () => {
        lines.off('line', onLine);
        child.off('close', onEnd);
        child.off('error', onEnd);
      };
      if (child.exitCode !== null) return reject(new Error(`psql has ended: ${said.trim()}`));
      lines.on('line', onLine);
      child.on('close', onEnd);
      child.on('error', onEnd);
      child.stdin.write(`${script}\\echo ${doneMark}\n`);
    });
}
