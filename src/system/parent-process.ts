/** Notices that the process which started this one is gone. */

import { errorCode } from './errno.ts';
import { processCommand, processParent } from './live-process.ts';

const lookEveryMs = 500;

/**
 * Calls back once, when the parent is gone. npm may put a shell in between, which outlives it: then npm itself is
 * watched too. Whoever started npm may go: that is how a program is left running.
 */
export async function onParentGone(listener: () => void): Promise<void> {
  const parent = process.ppid;
  const npm = (await isNpm(parent)) ? null : await npmAbove(parent);
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === null || lives(npm))) return;
    clearInterval(timer);
    listener();
  }, lookEveryMs);
  timer.unref();
}

/** Whether npm waits for this process and is what a service manager or a person ends: `npx usage-ingest`, `npm start`. */
export function isRunByNpm(environment: NodeJS.ProcessEnv = process.env): boolean {
  return environment.npm_command === 'exec' || environment.npm_command === 'start';
}

async function npmAbove(pid: number): Promise<number | null> {
  const above = await processParent(pid).catch(() => null); // no ps: the direct parent is watched all the same
  return above !== null && (await isNpm(above)) ? above : null;
}

/** npm calls itself `npm exec usage-ingest start` and the like; until then it is Node with a file of that name. */
async function isNpm(pid: number): Promise<boolean> {
  const command = await processCommand(pid).catch(() => null);
  return command !== null && /^(npm|npx) |\/(npm|npx)(-cli\.js)? /.test(`${command} `);
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM'; // another user's
  }
}
