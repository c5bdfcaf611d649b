/** Tells when the process that started this one is gone. */

import { execFileSync } from 'node:child_process';
import { errorCode } from '../src/system/errno.ts';

const lookEveryMs = 500;

/** Calls back once. Under npm the parent may be a shell that outlives npm, so npm itself is watched too. */
export function onParentGone(listener: () => void): void {
  const parent = process.ppid;
  const npm = process.env.npm_lifecycle_event === undefined ? undefined : parentOf(parent);
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === undefined || lives(npm))) return;
    clearInterval(timer);
    listener();
  }, lookEveryMs);
  timer.unref();
}

function parentOf(pid: number): number | undefined {
  try {
    const parent = Number(execFileSync('ps', ['-o', 'ppid=', '-p', `${pid}`], { encoding: 'utf8' }));
    return parent > 1 ? parent : undefined;
  } catch {
    return undefined; // no ps: the direct parent is watched all the same
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM'; // another user's
  }
}
