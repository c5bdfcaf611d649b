/**
 * A Debian 13 beside a system that is older: a root made by debootstrap once, kept in the user's cache folder, in which this
 * repository's tests run. There the newer of the HTTP server's two packages loads, and with it Node 24 and 25.
 */

import { execFile, spawn, spawnSync } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '..', '..');
/** As npm carries them; Node 25 wants libatomic, which is no part of a small Debian. */
export const nodesOfDebian = ['24.22.3', '25.9.0'] as const;
const recipe = '1';

/** What a root needs and this machine lacks; null where all is there. */
export function missingForDebian(): string | null {
  if (process.platform !== 'linux') return 'Linux';
  if (process.getuid?.() !== 0) return 'root, for chroot';
  const lacking = ['debootstrap', 'unshare', 'chroot'].find(
    (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0,
  );
  return lacking ?? null;
}

/** The folder of the root, made where it is not there yet: all of it or nothing. Half a minute, 300 MB and 250 MB of Nodes. */
export async function debianRoot(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'usage-ingest');
  const folder = join(cache, `debian-13-${process.arch}-${recipe}-${nodesOfDebian.join('-')}`);
  if (await isThere(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const partial = await mkdtemp(`${folder}-`);
  try {
    const suite = ['--variant=minbase', '--include=libatomic1', 'trixie', partial];
    await run('debootstrap', suite, { timeout: 600_000, maxBuffer: 64 * 1024 * 1024 });
    for (const version of nodesOfDebian)
      await run('npm', [
        ...['install', '--no-save', '--no-audit', '--no-fund', '--prefix', nodeFolder(partial, version)],
        `node-linux-${process.arch}@${version}`,
      ]);
    await rename(partial, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error; // else another start was quicker
    });
    return folder;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Where a Node of the root is, seen from within. */
export function nodeOfDebian(version: (typeof nodesOfDebian)[number]): string {
  return join(nodeFolder('/', version), 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
}

const nodeFolder = (root: string, version: string) => join(root, 'opt', `node-${version}`);

/**
 * Runs a program in the root, in this repository's folder, which is mounted at its own path; mounts go with the process,
 * because they are made in a namespace of its own. The Node of `node` is the one that runs this.
 */
export async function runInDebian(
  root: string,
  command: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const mounts = `
    root=$1 repository=$2; shift 2
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mkdir -p "$root$repository"
    mount --rbind "$repository" "$root$repository"
    mount --rbind /proc "$root/proc"
    mount --rbind /dev "$root/dev"
    exec chroot "$root" env -C "$repository" "$@"`;
  // Not NODE_TEST_CONTEXT, which would make a test run in there a child of this one, nor what names a file out here.
  const environment = {
    PATH: [join(repository, 'node_modules', '.bin'), '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(
      delimiter,
    ),
    HOME: '/root',
    ...(process.env.CI && { CI: process.env.CI }),
  };
  const isolated = ['--mount', '--propagation', 'private', 'sh', '-ec', mounts, 'debian'];
  const child = spawn('unshare', [...isolated, root, repository, ...command], { env: environment });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output };
}

async function isThere(folder: string): Promise<boolean> {
  return access(folder).then(
    () => true,
    () => false,
  );
}
