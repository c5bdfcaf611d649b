/** How to reach the embedded server: the port used last and the password, in a file that only its owner reads. */

import { randomBytes } from 'node:crypto';
import { replaceSmallFile } from '../../system/small-files.ts';
import { EmbeddedPostgresError } from './embedded-error.ts';
import { readEmbeddedFile } from './embedded-file.ts';

/** The role that owns everything, and the database of the usages. */
export const embeddedUser = 'usage';
export const embeddedDatabase = 'usage';

export interface EmbeddedConnection {
  /** On 127.0.0.1; 0 where none was chosen yet. */
  readonly port: number;
  /** 192 random bits, base64url. */
  readonly password: string;
  /** Whether the database of the usages was made: a server may take connections before. */
  readonly databaseMade: boolean;
}

export function newConnection(): EmbeddedConnection {
  return { port: 0, password: randomBytes(24).toString('base64url'), databaseMade: false };
}

/** @throws EmbeddedPostgresError where the file is there and is not ours */
export async function readConnectionFile(path: string): Promise<EmbeddedConnection | null> {
  const text = await readEmbeddedFile(path);
  if (text === null) return null;
  const value = parse(text);
  if (value) return value;
  throw new EmbeddedPostgresError('data', `${path} is damaged: restore it, or set the password anew`);
}

export async function writeConnectionFile(path: string, connection: EmbeddedConnection): Promise<void> {
  const { port, password, databaseMade } = connection;
  await replaceSmallFile(path, `${JSON.stringify({ port, password, databaseMade })}\n`);
}

export function connectionUrl(
  { port, password }: Pick<EmbeddedConnection, 'port' | 'password'>,
  database = embeddedDatabase,
): string {
  return `postgresql://${embeddedUser}:${password}@127.0.0.1:${port}/${database}`;
}

function parse(text: string): EmbeddedConnection | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { port, password, databaseMade } = value as Record<string, unknown>;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) return null;
  return typeof password === 'string' && /^[\w-]{16,}$/.test(password)
    ? { port, password, databaseMade: databaseMade === true }
    : null;
}
