/**
 * A cluster that is initialised, once a run, and copied wherever a test wants a Postgres: initdb and the migrations
 * are most of what a server's first start takes. (That first start has tests of its own, without this.)
 */

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keptPort } from '../../harness/kept-port.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { readConnectionFile, writeConnectionFile } from '../../src/postgres/embedded/connection-file.ts';
import { createEmbeddedPostgres } from '../../src/postgres/embedded/embedded-postgres.ts';
import { embeddedFolderAt, makeEmbeddedFolder } from '../../src/postgres/embedded/folder.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { createDatabase } from './databases.ts';

/** In every copied cluster: a database with all migrations, to make others from. */
export const migratedTemplate = 'migrated_template';

let template: Promise<string> | null = null;

/**
 * Lays a cluster into a DATA_DIR that has none: its server's own database (`usage`) is empty, `migratedTemplate` is not.
 * @param port the server's, from its next start on; a kept one unless given
 */
export async function copyCluster(dataDir: string, port?: number): Promise<void> {
  template ??= findOrMakeTemplate();
  const from = embeddedFolderAt(join(await template, 'postgres'));
  const to = await makeEmbeddedFolder(dataDir);
  // As root the files stay the user's that the server runs as.
  await promisify(execFile)('cp', ['-a', from.data, to.data]);
  const connection = (await readConnectionFile(from.connectionFile))!;
  await writeConnectionFile(to.connectionFile, { ...connection, port: port ?? (await keptPort()) });
}

/** TEST_RUN_DIR is all that the files of one run share (test/run.ts); a file that runs by itself makes its own. */
async function findOrMakeTemplate(): Promise<string> {
  const shared = process.env.TEST_RUN_DIR;
  if (shared === undefined) {
    const folder = await mkdtemp(join(tmpdir(), 'usage-cluster-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    await makeTemplate(folder);
    return folder;
  }
  const made = join(shared, 'cluster');
  const isMade = () =>
    access(made).then(
      () => true,
      () => false,
    );
  if (await isMade()) return made;
  const making = await mkdtemp(join(shared, 'making-'));
  await makeTemplate(making);
  await rename(making, made).catch(async (error) => {
    // Two files began at once, and the other was quicker.
    if (!(await isMade())) throw error;
    await rm(making, { recursive: true, force: true });
  });
  return made;
}

async function makeTemplate(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const server = createEmbeddedPostgres({ dataDir, port: 0, logger: silentLogger, fsync: false });
  const { url } = await server.start();
  await migrate(await createDatabase(url, migratedTemplate), silentLogger);
  await server.stop();
}
