/** Folders that are made with all those above them. */

import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from './errno.ts';

/**
 * Makes a folder and those above it that are missing. Node's own (`recursive`) never ends where the system says of a
 * folder that is there that it is not, as /proc does when it is asked for a new one.
 * @returns the first one made, undefined where all were there
 * @throws the system's error: ENOENT where none can be made there, ENOTDIR or EEXIST where a file is in the way
 */
export async function makeFolder(path: string, mode?: number): Promise<string | undefined> {
  if (await isFolder(path)) return undefined;
  const above = dirname(path);
  const first = above === path ? undefined : await makeFolder(above, mode);
  try {
    await mkdir(path, { mode });
    return first ?? path;
  } catch (error) {
    // Another process made it meanwhile.
    if (errorCode(error) === 'EEXIST' && (await isFolder(path))) return first;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
