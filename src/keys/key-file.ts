/**
 * The known keys as a JSON file: hashes, never secrets. `DATA_DIR/keys.json` is written from the database and read by
 * the fronts, so that they know the keys while the database is away and across restarts; `USAGE_KEYS_FILE`, which
 * `usage-ingest keys export` prints, takes its place on hosts without a database.
 */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../system/errno.ts';
import { readSmallFile } from '../system/small-files.ts';

/** A key as the server knows it. */
export interface KnownKey {
  readonly id: string;
  /** Stands in `usages.key_number`. */
  readonly number: number;
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly secretSha256: string;
  /** Epoch milliseconds; null: it does not expire. */
  readonly expiresAtMs: number | null;
  readonly isRevoked: boolean;
  /** Usages per second over the whole instance; null: no limit. */
  readonly rate: number | null;
  /** Usages that may come at once; null: as many as a second's. */
  readonly burst: number | null;
}

const keyFile = z.object({
  keys: z
    .array(
      z.object({
        id: z.string().regex(/^[0-9A-Za-z]{12}$/),
        number: z.number().int().positive(),
        name: z.string(),
        secretSha256: z.string().regex(/^[0-9a-f]{64}$/),
        expiresAtMs: z.number().int().nullable(),
        isRevoked: z.boolean(),
        rate: z.number().int().positive().nullable(),
        burst: z.number().int().positive().nullable(),
      }),
    )
    .max(100_000),
});

/** A key file cannot be used. The message says which one, and nothing of what is in it. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** Where the keys of the database are kept for fronts. */
export const keptKeysPath = (dataDir: string): string => join(dataDir, 'keys.json');

/** The text of a key file, the same for the same keys. */
export function keyFileText(keys: readonly KnownKey[]): string {
  return `${JSON.stringify({ keys }, null, 2)}\n`;
}

/**
 * The keys, or null where there is no such file.
 * @throws KeyFileError where it cannot be read or is no key file
 */
export async function readKeyFile(path: string): Promise<KnownKey[] | null> {
  let text: string | null;
  try {
    text = await readSmallFile(path);
  } catch (cause) {
    throw new KeyFileError(`cannot read ${path} (${errorCode(cause)})`, { cause });
  }
  if (text === null) return null;
  // What does not parse may hold anything: its error would quote it.
  const parsed = keyFile.safeParse(jsonOrNull(text));
  if (!parsed.success)
    throw new KeyFileError(`${path} is not a key file: write it with "usage-ingest keys export"`);
  return parsed.data.keys;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Tells one state of the file from another, cheaply; null where there is no file. */
export async function keyFileStamp(path: string): Promise<string | null> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new KeyFileError(`cannot read ${path} (${errorCode(error)})`, { cause: error });
  }
}
