/** The small files of the embedded Postgres, read with an error that says what to do. */

import { errorCode } from '../../system/errno.ts';
import { readSmallFile } from '../../system/small-files.ts';
import { EmbeddedPostgresError } from './embedded-error.ts';

/**
 * The file's text, null where there is no such file.
 * @throws EmbeddedPostgresError ('data') where we may not read it
 */
export async function readEmbeddedFile(path: string): Promise<string | null> {
  try {
    return await readSmallFile(path);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'data',
      `cannot read ${path} (${errorCode(cause)}): do this as the user that runs usage-ingest`,
      { cause },
    );
  }
}
