/** How every part of the product connects to Postgres, embedded or not. */

import type pg from 'pg';

export interface ConnectionOptions {
  /** Who connects; seen in pg_stat_activity as `usage-ingest <role>`. */
  readonly role: string;
  /**
   * Nothing is set for the session, at its start or later: behind a pooler it is not this client's own, and PgBouncer
   * refuses `options`. Whoever connects so sets what it needs in each transaction.
   */
  readonly pooled?: boolean;
  /** How long to wait for a connection. */
  readonly connectTimeoutMs?: number;
  /** The server cancels a statement that takes longer (57014); 0: never. */
  readonly statementTimeoutMs?: number;
  /** The server cancels a statement that waits longer for a lock (55P03), an advisory one too; 0: never. */
  readonly lockTimeoutMs?: number;
  /**
   * We give up on a query without an answer after this long, whatever became of the server (a stopped one
   * keeps its sockets alive); 0: never. The connection is of no use afterwards. It does not cover COPY: see
   * deadline.ts.
   */
  readonly queryTimeoutMs?: number;
}

/** The session speaks ISO dates in UTC, whatever the server's or the role's own settings are. */
const sessionOptions = '-c TimeZone=UTC -c DateStyle=ISO,YMD -c client_min_messages=warning';

/** What pg.Client takes. Parameters in the URL (sslmode, application_name ...) win over ours. */
export function connectionConfig(url: string, options: ConnectionOptions): pg.ClientConfig {
  const {
    connectTimeoutMs = 10_000,
    statementTimeoutMs = 0,
    lockTimeoutMs = 0,
    queryTimeoutMs = 0,
  } = options;
  return {
    connectionString: options.pooled ? parsed(url).toString() : withSessionOptions(url),
    application_name: `usage-ingest ${options.role}`,
    connectionTimeoutMillis: connectTimeoutMs,
    ...(statementTimeoutMs > 0 ? { statement_timeout: statementTimeoutMs } : {}),
    ...(lockTimeoutMs > 0 ? { lock_timeout: lockTimeoutMs } : {}),
    ...(queryTimeoutMs > 0 ? { query_timeout: queryTimeoutMs } : {}),
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
  };
}

/** Ours come before the URL's own options, which so have the last word. */
function withSessionOptions(text: string): string {
  const url = parsed(text);
  const own = url.searchParams.get('options');
  url.searchParams.set('options', own ? `${sessionOptions} ${own}` : sessionOptions);
  // URLSearchParams writes a space as "+" (and a plus as %2B); in a postgres URL a plus is a plus.
  url.search = url.searchParams.toString().replaceAll('+', '%20');
  return url.toString();
}

function parsed(text: string): URL {
  // URL's own error quotes the text, password and all.
  if (!URL.canParse(text)) throw new InvalidDatabaseUrlError();
  return new URL(text);
}

/** DATABASE_URL cannot be taken apart. The message does not repeat it: it holds a password. */
export class InvalidDatabaseUrlError extends Error {
  override readonly name = 'InvalidDatabaseUrlError';
  constructor() {
    super(
      'DATABASE_URL is no URL: postgres://user:password@host:5432/database, with %XX for special characters',
    );
  }
}
