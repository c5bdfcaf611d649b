/** The tree of a git ref in a folder of its own, ready to run. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const outputBytesMax = 64 * 1024 * 1024;

export interface BaseTree {
  readonly root: string;
  readonly commit: string;
  remove(): Promise<void>;
}

/**
 * Checks `ref` out beside the repository at `repository`. Its packages are ours where the lockfile is the same, else
 * they are installed there.
 * @throws Error where there is no such ref, or its packages cannot be installed
 */
export async function checkOutBase(repository: string, ref: string): Promise<BaseTree> {
  const git = async (...words: string[]) => (await run('git', ['-C', repository, ...words])).stdout.trim();
  // A ref that looks like an option is none.
  const commit = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`).catch(
    (cause) => {
      throw new Error(`there is no commit ${ref}`, { cause });
    },
  );
  const folder = await mkdtemp(join(tmpdir(), 'bench-compare-'));
  const root = join(folder, 'base');
  const remove = async () => {
    await git('worktree', 'remove', '--force', root).catch(async () => {
      await rm(root, { recursive: true, force: true });
      await git('worktree', 'prune');
    });
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await git('worktree', 'add', '--detach', root, commit);
    if (await sameLockfile(repository, root)) {
      await symlink(join(repository, 'node_modules'), join(root, 'node_modules'));
    } else {
      await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, maxBuffer: outputBytesMax });
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { root, commit, remove };
}

async function sameLockfile(repository: string, root: string): Promise<boolean> {
  const [ours, theirs] = await Promise.all(
    [repository, root].map((tree) => readFile(join(tree, 'package-lock.json'), 'utf8')),
  );
  return ours === theirs;
}
