/** Kafka's jars, fetched once from Maven Central as pom.xml pins them, and kept in the user's cache folder. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const pom = join(import.meta.dirname, 'pom.xml');

/** Where the jars are, or will be. Named by the pom's content, so that another pin fetches anew. */
export async function jarsFolder(): Promise<{ folder: string; cached: boolean }> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const hash = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12);
  const folder = join(cache, 'usage-ingest', `kafka-${hash}`);
  const cached = await access(folder).then(
    () => true,
    () => false,
  );
  return { folder, cached };
}

/**
 * Fetches the jars. They appear in `folder` all at once or not at all, so that a start that was cut off, or
 * two at the same time, leave nothing half there.
 * @throws Error with what mvn said
 */
export async function fetchJars(folder: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true });
  const partial = await mkdtemp(`${folder}-`);
  try {
    await run(
      'mvn',
      [
        '-q',
        '-B',
        '-f',
        pom,
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${partial}`,
      ],
      { timeout: 600_000 },
    );
    await rename(partial, folder).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error; // else another start was quicker
    });
  } catch (error) {
    const said = (error as { stdout?: string }).stdout ?? '';
    throw new Error(`mvn could not fetch Kafka's jars: ${said.slice(-2_000)}`, { cause: error });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
