/** Small files that are read whole and replaced whole: a reader sees the old or the new one, a crash leaves one of them. */

import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from './errno.ts';

/** The file's text, null where there is no such file. */
export async function readSmallFile(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** A durable file beside `path`, to be given its name. */
async function writeTemporary(path: string, text: string): Promise<string> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}

/** Replaces the file by one with mode 0600, durably. */
export async function replaceSmallFile(path: string, text: string): Promise<void> {
  const temporary = await writeTemporary(path, text);
  try {
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Makes the file, with mode 0600, durably, and its folder, unless it is there: of several that try at once one does.
 * @returns what the file holds afterwards
 */
export async function createSmallFile(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = await writeTemporary(path, text);
  try {
    await link(temporary, path);
    await syncFolder(dirname(path));
    return text;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return await readFile(path, 'utf8');
  } finally {
    await unlink(temporary);
  }
}

/** Removes the file; none there is as good. */
export async function removeSmallFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
