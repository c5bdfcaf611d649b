/** Facts about processes that are not our children, from /proc on Linux and ps elsewhere. Neither needs rights. */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorCode } from './errno.ts';

const run = promisify(execFile);

/**
 * Says when a process was started, as an opaque text: together with its pid it names one process for good,
 * across reused pids and reboots. Null where no such process runs (a zombie has ended).
 */
export async function processStart(pid: number): Promise<string | null> {
  if (!Number.isSafeInteger(pid) || pid < 1) return null;
  if (process.platform !== 'linux') return psColumn(pid, 'lstart=');
  const fields = await processStat(pid);
  if (!fields || fields[0] === 'Z' || fields[0] === 'X') return null;
  const boot = await readProc('/proc/sys/kernel/random/boot_id');
  return `${boot?.trim()}/${fields[19]}`;
}

/** The words a process was started with; null where no such process runs. */
export async function processCommand(pid: number): Promise<string | null> {
  if (!Number.isSafeInteger(pid) || pid < 1) return null;
  if (process.platform !== 'linux') return psColumn(pid, 'command=');
  return (await readProc(`/proc/${pid}/cmdline`))?.replaceAll('\0', ' ') || null;
}

/** Who started a process, or took it over; null where no such process runs. */
export async function processParent(pid: number): Promise<number | null> {
  if (!Number.isSafeInteger(pid) || pid < 1) return null;
  if (process.platform !== 'linux') return Number(await psColumn(pid, 'ppid=')) || null;
  const fields = await processStat(pid);
  return fields === null ? null : Number(fields[1]);
}

/**
 * What Linux says of a process, from its state on: "pid (name) state ppid ... starttime ...", where the name may hold
 * spaces and parentheses: proc_pid_stat(5). Null where no such process runs.
 */
export async function processStat(pid: number): Promise<string[] | null> {
  const stat = await readProc(`/proc/${pid}/stat`);
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function readProc(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errorCode(error) ?? '')) return null;
    throw error;
  }
}

async function psColumn(pid: number, column: string): Promise<string | null> {
  try {
    const { stdout } = await run('ps', ['-ww', '-o', column, '-p', String(pid)], { timeout: 10_000 });
    return stdout.trim() || null;
  } catch (error) {
    // ps exits 1 where no process matches.
    if (error instanceof Error && 'code' in error && error.code === 1) return null;
    throw error;
  }
}
