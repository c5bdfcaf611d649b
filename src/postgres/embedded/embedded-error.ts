/** The embedded Postgres cannot do what was asked. The message says what to do; it never holds a password. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  readonly reason: EmbeddedPostgresProblem;
  constructor(reason: EmbeddedPostgresProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

export type EmbeddedPostgresProblem =
  /** There are no binaries for this platform, or they were not installed. Trying again does not help. */
  | 'binaries'
  /** Started as root, and no other user can reach the binaries and the data. */
  | 'unprivileged'
  /** USAGE_POSTGRES_PORT is taken by another program. */
  | 'port_taken'
  /** Another process that lives runs this data folder's server. */
  | 'in_use'
  /** The data folder is not usable: of another major version, or a file of it is missing or not ours. */
  | 'data'
  /** initdb or the server ended, or was not ready in time; the message names the log. */
  | 'start_failed'
  /** `stop` was called before the server was ready. */
  | 'stopped';
