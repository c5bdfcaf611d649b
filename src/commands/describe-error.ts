/**
 * What may be told of a Postgres error in logs. The server's `message`, `detail`, `where` and `hint` quote
 * values of rows, and rows are health data: none of them leaves this file.
 */

export interface PostgresErrorDescription {
  /** SQLSTATE, or the system's code (`ECONNREFUSED`), or null. */
  readonly code: string | null;
  /** `ERROR`, `FATAL`, `PANIC`; null where the error is not the server's. */
  readonly severity: string | null;
  /** The function of Postgres that raised it. */
  readonly routine: string | null;
  readonly table: string | null;
  readonly constraint: string | null;
  /** A text of ours. */
  readonly message: string;
}

/** Of every class of SQLSTATE that we meet: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const classes: Readonly<Record<string, string>> = {
  '08': 'the connection failed',
  '0A': 'the server does not support this',
  '22': 'a value is not one of its type',
  '23': 'a constraint is violated',
  '25': 'the transaction does not allow this (a read-only server?)',
  '26': 'a prepared statement is not there',
  '28': 'the server refused user or password',
  '3D': 'the database does not exist',
  '40': 'the transaction was rolled back: it collided with another',
  '42': 'a statement does not fit the schema, or permission is denied',
  '53': 'the server lacks resources: disk, memory or connections',
  '54': 'a limit of the server is exceeded',
  '55': 'an object is in use, or a lock was not had in time',
  '57': 'an operator or a time-out intervened',
  '58': 'the server met an error of its system',
  XX: 'the server met an internal error',
};

const codes: Readonly<Record<string, string>> = {
  '23505': 'a row with this key is there already',
  '53100': 'the disk of the server is full',
  '53300': 'the server has no connection left',
  '55P03': 'a lock was not had in time',
  '57014': 'the statement was cancelled: it took too long, or somebody asked for it',
  '57P01': 'the server ended the connection',
  '57P02': 'the server crashed and recovers',
  '57P03': 'the server is starting or stopping',
  '42P01': 'a table is missing: run usage-ingest migrate',
  '42501': 'permission denied (to make tables: CREATE on the schema)',
  '42P07':
    'a table or view of this name is there already: give usage-ingest a schema or a database of its own',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'the server did not answer in time',
  ENOTFOUND: 'cannot resolve the host',
  EAI_AGAIN: 'the address of the database could not be looked up just now',
  EHOSTUNREACH: 'the host of the database cannot be reached',
};

/** What pg itself says, which has no code; the texts of its release in package.json. */
const driverTexts: readonly (readonly [RegExp, string])[] = [
  [/^Connection terminated/, 'the connection was cut'],
  [/^Client has encountered a connection error/, 'the connection was cut'],
  [/^Client was closed/, 'the connection is closed'],
  [/^(timeout expired|timeout exceeded)/, 'no connection in time'],
  [/^Query read timeout/, 'the server did not answer in time'],
  [/^The server does not support SSL/, 'the server does not speak TLS, which the URL asks for'],
];

/** Takes any value that was thrown. */
export function describePostgresError(error: unknown): PostgresErrorDescription {
  const field = (name: string): string | null => {
    const value = error instanceof Error ? (error as unknown as Record<string, unknown>)[name] : undefined;
    return typeof value === 'string' ? value : null;
  };
  const code = field('code');
  const severity = field('severity');
  const common = { code, severity, routine: field('routine'), table: field('table') };
  return { ...common, constraint: field('constraint'), message: text(error, code) };
}

function text(error: unknown, code: string | null): string {
  if (code !== null) {
    const known = codes[code] ?? (isSqlState(code) ? classes[code.slice(0, 2)] : undefined);
    return known ?? 'an error without a description of ours';
  }
  const said = error instanceof Error ? error.message : '';
  return driverTexts.find(([pattern]) => pattern.test(said))?.[1] ?? 'an error without a code';
}

/** Whether a code is a SQLSTATE, that is, the server itself answered. */
export function isSqlState(code: string | null | undefined): code is string {
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code);
}
