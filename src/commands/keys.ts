/** `usage-ingest keys create | list | rotate | revoke | export`: who may send. */

import { userInfo } from 'node:os';
import type pg from 'pg';
import { keyFileText } from '../keys/key-file.ts';
import {
  createKey,
  type ListedKey,
  listKeys,
  loadKnownKeys,
  type MadeKey,
  revokeKey,
  rotateKey,
} from '../store/api-keys.ts';
import { exitCode } from '../system/exit-codes.ts';
import type { CommandStreams } from './command-streams.ts';
import { writeTable } from './result-table.ts';
import { withClient } from './with-client.ts';

export interface CreateKeyArguments {
  readonly name: string;
  readonly expires?: Date;
  readonly rate?: number;
  readonly burst?: number;
  readonly json?: boolean;
}

/** Makes a key and prints it, this once. @returns the exit code */
export function keysCreate(databaseUrl: string, args: CreateKeyArguments, streams: CommandStreams) {
  return withClient(databaseUrl, streams, async (client) => {
    const { name, expires = null, rate = null, burst = null } = args;
    if (burst !== null && rate === null) {
      streams.stderr.write('--burst needs --rate: without a rate there is no limit.\n');
      return exitCode.usage;
    }
    const made = await createKey(client, { name, expiresAt: expires, rate, burst }, actor());
    tellMade(made, args.json ?? false, streams);
    return exitCode.ok;
  });
}

/** Makes a key beside an old one, which ends after the overlap. @returns the exit code */
export function keysRotate(
  databaseUrl: string,
  { id, overlapMs, json = false }: { id: string; overlapMs: number; json?: boolean },
  streams: CommandStreams,
) {
  return withClient(databaseUrl, streams, async (client) => {
    const made = await rotateKey(client, id, overlapMs, actor());
    if (!made) return noSuchKey(id, streams);
    tellMade(made, json, streams);
    return exitCode.ok;
  });
}

/** Ends a key at once. @returns the exit code */
export function keysRevoke(databaseUrl: string, id: string, streams: CommandStreams) {
  return withClient(databaseUrl, streams, async (client) => {
    if (!(await revokeKey(client, id, actor()))) return noSuchKey(id, streams);
    streams.stdout.write(`Key ${id} is revoked. Fronts refuse it within 5 seconds.\n`);
    return exitCode.ok;
  });
}

/** Prints every key, never a secret. @returns the exit code */
export function keysList(databaseUrl: string, json: boolean, streams: CommandStreams) {
  return withClient(databaseUrl, streams, async (client) => {
    const keys = await listKeys(client);
    if (json) streams.stdout.write(`${JSON.stringify(keys, null, 2)}\n`);
    else writeKeys(keys, await databaseNow(client), streams);
    return exitCode.ok;
  });
}

/** Prints the file for hosts without a database (USAGE_KEYS_FILE). @returns the exit code */
export function keysExport(databaseUrl: string, streams: CommandStreams) {
  return withClient(databaseUrl, streams, async (client) => {
    streams.stdout.write(keyFileText(await loadKnownKeys(client)));
    return exitCode.ok;
  });
}

function tellMade(made: MadeKey, json: boolean, { stdout, stderr }: CommandStreams): void {
  const { text, ...rest } = made;
  if (json) {
    stdout.write(`${JSON.stringify({ ...rest, key: text })}\n`);
    return;
  }
  // The key alone on stdout, so that a script can take it; what a person must know on stderr.
  stdout.write(`${text}\n`);
  stderr.write(
    `Key ${made.id} (number ${made.number}, ${made.name}) is made${made.expiresAt ? ` and expires at ${made.expiresAt.toISOString()}` : ''}. It is shown this once: keep it where secrets are kept.\n`,
  );
}

function writeKeys(keys: readonly ListedKey[], now: Date, { stdout }: CommandStreams): void {
  const time = (date: Date | null) => date?.toISOString() ?? '';
  writeTable(
    stdout,
    [
      { name: 'id', numeric: false },
      { name: 'number', numeric: true },
      { name: 'name', numeric: false },
      { name: 'state', numeric: false },
      { name: 'rate', numeric: true },
      { name: 'burst', numeric: true },
      { name: 'created at', numeric: false },
      { name: 'expires at', numeric: false },
      { name: 'last used at', numeric: false },
    ],
    keys.map((key) => [
      key.id,
      String(key.number),
      key.name,
      stateOf(key, now),
      key.rate === null ? '' : String(key.rate),
      key.burst === null ? '' : String(key.burst),
      time(key.createdAt),
      time(key.expiresAt),
      time(key.lastUsedAt),
    ]),
  );
}

function stateOf(key: ListedKey, now: Date): string {
  if (key.revokedAt) return 'revoked';
  return key.expiresAt && key.expiresAt <= now ? 'expired' : 'active';
}

async function databaseNow(client: pg.Client): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>('select now() as now');
  return rows[0]!.now;
}

function noSuchKey(id: string, { stderr }: CommandStreams): number {
  stderr.write(`There is no active key ${id}: "usage-ingest keys list" shows them all.\n`);
  return exitCode.failure;
}

/** Who the audit log says did it. */
function actor(): string {
  return userInfo().username;
}
