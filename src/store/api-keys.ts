/** API keys in `api_keys`: what is kept of a secret is its SHA-256. A key is never removed, since rows name it. */

import { makeApiKey } from '../keys/api-key.ts';
import type { KnownKey } from '../keys/key-file.ts';
import type { Queryable } from '../postgres/sql-client.ts';
import { recordAudit } from './audit.ts';

export interface NewKey {
  readonly name: string;
  /** Null: it does not expire. */
  readonly expiresAt: Date | null;
  /** Usages per second over the whole instance; null: no limit. */
  readonly rate: number | null;
  /** Usages that may come at once; null: as many as a second's. */
  readonly burst: number | null;
}

/** A key just made: `text` is told to its owner once and kept nowhere. */
export interface MadeKey extends NewKey {
  readonly id: string;
  readonly number: number;
  readonly text: string;
}

export interface ListedKey extends NewKey {
  readonly id: string;
  readonly number: number;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** Makes a key. */
export function createKey(client: Queryable, key: NewKey, actor: string): Promise<MadeKey> {
  return inOneTransaction(client, async () => {
    const made = await insertKey(client, key);
    await recordAudit(client, { actor, action: 'key_created', subject: made.id, detail: { name: key.name } });
    return made;
  });
}

/**
 * Makes a key of the same name, expiry and limit beside an old one, which goes on for `overlapMs` and not longer than it would
 * have without.
 * @returns null where there is no such key, or it is revoked or expired
 */
export function rotateKey(
  client: Queryable,
  id: string,
  overlapMs: number,
  actor: string,
): Promise<MadeKey | null> {
  return inOneTransaction(client, async () => {
    const { rows } = await client.query<NamedKey>(
      `select name, expires_at, rate, burst from api_keys
       where id = $1 and revoked_at is null and (expires_at is null or expires_at > now()) for update`,
      [id],
    );
    const old = rows[0];
    if (!old) return null;
    const made = await insertKey(client, newKeyOf(old));
    await client.query(
      `update api_keys set expires_at = least(expires_at, now() + $2 * interval '1 millisecond') where id = $1`,
      [id, overlapMs],
    );
    await recordAudit(client, { actor, action: 'key_rotated', subject: id, detail: { newKey: made.id } });
    return made;
  });
}

/** @returns false where there is no such key that is not revoked already */
export function revokeKey(client: Queryable, id: string, actor: string): Promise<boolean> {
  return inOneTransaction(client, async () => {
    const { rowCount } = await client.query(
      'update api_keys set revoked_at = now() where id = $1 and revoked_at is null',
      [id],
    );
    if (rowCount !== 1) return false;
    await recordAudit(client, { actor, action: 'key_revoked', subject: id });
    return true;
  });
}

/** Every key there ever was, oldest first. */
export async function listKeys(client: Queryable): Promise<ListedKey[]> {
  const { rows } = await client.query<
    NamedKey & {
      id: string;
      number: number;
      created_at: Date;
      revoked_at: Date | null;
      last_used_at: Date | null;
    }
  >(
    'select id, number, name, rate, burst, created_at, expires_at, revoked_at, last_used_at from api_keys order by number',
  );
  return rows.map((row) => ({
    id: row.id,
    number: row.number,
    ...newKeyOf(row),
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  }));
}

/** Every key as fronts know it, in a fixed order. */
export async function loadKnownKeys(client: Queryable): Promise<KnownKey[]> {
  const { rows } = await client.query<
    NamedKey & {
      id: string;
      number: number;
      secret: string;
      revoked: boolean;
    }
  >(
    `select id, number, name, encode(secret_sha256, 'hex') as secret, expires_at, rate, burst, revoked_at is not null as revoked
     from api_keys order by number`,
  );
  return rows.map(({ id, number, name, secret, expires_at, rate, burst, revoked }) => ({
    id,
    number,
    name,
    secretSha256: secret,
    expiresAtMs: expires_at?.getTime() ?? null,
    isRevoked: revoked,
    rate,
    burst,
  }));
}

/** These keys were used since they were told of last. */
export async function markKeysUsed(client: Queryable, numbers: readonly number[]): Promise<void> {
  await client.query('update api_keys set last_used_at = now() where number = any($1)', [numbers]);
}

interface NamedKey {
  name: string;
  expires_at: Date | null;
  rate: number | null;
  burst: number | null;
}

function newKeyOf({ name, expires_at, rate, burst }: NamedKey): NewKey {
  return { name, expiresAt: expires_at, rate, burst };
}

async function insertKey(client: Queryable, key: NewKey): Promise<MadeKey> {
  const { id, secretSha256, text } = makeApiKey();
  const { rows } = await client.query<{ number: number }>(
    'insert into api_keys (id, name, secret_sha256, expires_at, rate, burst) values ($1, $2, $3, $4, $5, $6) returning number',
    [id, key.name, secretSha256, key.expiresAt, key.rate, key.burst],
  );
  return { ...key, id, number: rows[0]!.number, text };
}

async function inOneTransaction<T>(client: Queryable, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
