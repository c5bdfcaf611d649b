/** `node:fs/promises` for what reads the repository's own files, which are real: at once, so that no step depends on a disk. */

import { readdirSync, readFileSync } from 'node:fs';

export async function readdir(path: string): Promise<string[]> {
  return readdirSync(path);
}

export async function readFile(path: string, encoding: BufferEncoding): Promise<string> {
  return readFileSync(path, encoding);
}
