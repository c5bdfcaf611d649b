/** Where the usages are: DATABASE_URL, or the embedded server of DATA_DIR. */

import type { Settings } from '../config/settings.ts';
import { connectionUrl, readConnectionFile } from './embedded/connection-file.ts';
import { findEmbeddedFolder } from './embedded/folder.ts';
import { livingOwner } from './embedded/owner-file.ts';
import { isServerOf, readPostmasterFile } from './embedded/postmaster-file.ts';

export type DatabaseLocation =
  | { readonly kind: 'external'; readonly url: string }
  | {
      readonly kind: 'embedded';
      /** Null where it was never started. */
      readonly url: string | null;
      /** Whether `url` can be connected to now: the server runs, and the database of the usages is in it. */
      readonly running: boolean;
      /** The process that runs it, or is about to; null where there is none. */
      readonly owner: number | null;
    };

type Place = Pick<Settings, 'DATA_DIR' | 'DATABASE_URL'>;

/** Reads files only: it neither connects nor starts anything. */
export async function locateDatabase(settings: Place): Promise<DatabaseLocation> {
  if (settings.DATABASE_URL !== undefined) return { kind: 'external', url: settings.DATABASE_URL };
  const folder = await findEmbeddedFolder(settings.DATA_DIR);
  if (!folder) return { kind: 'embedded', url: null, running: false, owner: null };
  const owner = await livingOwner(folder.ownerFile);
  const connection = await readConnectionFile(folder.connectionFile);
  const server = connection && connection.port !== 0 ? await readPostmasterFile(folder.data) : null;
  const running =
    connection?.databaseMade === true &&
    server?.status === 'ready' &&
    (await isServerOf(server.pid, folder.data));
  const url = connection && connection.port !== 0 ? connectionUrl(connection) : null;
  return { kind: 'embedded', url, running, owner };
}
