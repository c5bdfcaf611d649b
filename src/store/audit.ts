/** What operators did, kept in `audit_log`: rows are added, and never changed or removed (a trigger holds it). */

import type { Queryable } from '../postgres/sql-client.ts';

/** Stable words for `audit_log.action`. */
export type AuditAction = 'key_created' | 'key_rotated' | 'key_revoked' | 'records_skipped';

export interface AuditEntry {
  /** Who: the operating system's user, or the name of a token. */
  readonly actor: string;
  readonly action: AuditAction;
  /** On what, such as the id of a key. Never a secret, never health data. */
  readonly subject: string;
  readonly detail?: Readonly<Record<string, string | number | null>>;
}

/** Runs within the transaction of what it tells of: both happened, or neither. */
export async function recordAudit(client: Queryable, entry: AuditEntry): Promise<void> {
  const { actor, action, subject, detail = {} } = entry;
  await client.query('insert into audit_log (actor, action, subject, detail) values ($1, $2, $3, $4)', [
    actor,
    action,
    subject,
    JSON.stringify(detail),
  ]);
}

export interface KeptAuditEntry extends Required<Omit<AuditEntry, 'action'>> {
  readonly at: Date;
  readonly action: string;
}

/** The newest entries, oldest of them first. */
export async function listAudit(client: Queryable, entriesMax: number): Promise<KeptAuditEntry[]> {
  const { rows } = await client.query<{
    at: Date;
    actor: string;
    action: string;
    subject: string;
    detail: Record<string, string | number | null>;
  }>(
    `select at, actor, action, subject, detail
     from (select * from audit_log order by id desc limit $1) as newest order by id`,
    [entriesMax],
  );
  return rows;
}
