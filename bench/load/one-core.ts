/**
 * Keeps the load generator to one core, as phones keep to theirs. Where a scheduler may put it on the server's core
 * while another is idle, half of what is measured as the server's latency is the two waiting for each other: at
 * 16,700/s on two cores p50 was 4.2 ms free and 2.2 kept, p99 31 and 25 (nine pairs of four seconds each, in turn).
 */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** @returns the core; null where there is no other, or where it cannot be done (stderr says why, and so does the report) */
export async function keepToOneCore(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => null);
  // Another system: what needs no process accounting runs there, too.
  const cores = status === null ? [] : coresIn(status);
  if (cores.length < 2) return null;
  const core = cores[0]!;
  try {
    await promisify(execFile)('taskset', ['-a', '-c', '-p', `${core}`, `${pid}`]);
    return core;
  } catch (error) {
    // No taskset (util-linux), or a container that may not: the figures are good, their latencies higher.
    process.stderr.write(`bench: the load generator runs on any core: ${(error as Error).message.trim()}\n`);
    return null;
  }
}

/** Those that a process may run on: `Cpus_allowed_list:	0-3,8` of proc_pid_status(5). */
export function coresIn(status: string): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, n) => first! + n);
  });
}
