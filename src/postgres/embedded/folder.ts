/**
 * Where the embedded Postgres keeps what in DATA_DIR. The folder itself can be passed through (0711), because
 * under root the server runs as another user; everything in it is closed.
 */

import { chmod, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../system/errno.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { EmbeddedPostgresError } from './embedded-error.ts';

export interface EmbeddedFolder {
  /** DATA_DIR/postgres, without symbolic links. */
  readonly root: string;
  /** The server's own data folder (PGDATA), 0700, owned by the user that the server runs as. */
  readonly data: string;
  /** Port, user and password, 0600: see connection-file.ts. */
  readonly connectionFile: string;
  /** Which process runs the server: see owner-file.ts. */
  readonly ownerFile: string;
  /** What the server says; bounded, see server-log.ts. */
  readonly logFile: string;
}

export function embeddedFolderAt(root: string): EmbeddedFolder {
  return {
    root,
    data: join(root, 'data'),
    connectionFile: join(root, 'connection.json'),
    ownerFile: join(root, 'owner.json'),
    logFile: join(root, 'server.log'),
  };
}

/**
 * The folder where it is there already, else null.
 * @throws EmbeddedPostgresError ('data') where we may not look
 */
export async function findEmbeddedFolder(dataDir: string): Promise<EmbeddedFolder | null> {
  try {
    return embeddedFolderAt(await realpath(join(dataDir, 'postgres')));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return null;
    throw new EmbeddedPostgresError(
      'data',
      `cannot look into ${dataDir} (${code}): do this as the user that runs usage-ingest`,
      { cause: error },
    );
  }
}

/** Makes the folder where it is not there yet. */
export async function makeEmbeddedFolder(dataDir: string): Promise<EmbeddedFolder> {
  const path = join(dataDir, 'postgres');
  try {
    await makeFolder(path);
    const folder = embeddedFolderAt(await realpath(path));
    if (((await stat(folder.root)).mode & 0o777) !== 0o711) await chmod(folder.root, 0o711);
    return folder;
  } catch (error) {
    throw new EmbeddedPostgresError(
      'data',
      `cannot make ${path} (${errorCode(error)}): give the user that runs usage-ingest the folder DATA_DIR, or set another one`,
      { cause: error },
    );
  }
}
