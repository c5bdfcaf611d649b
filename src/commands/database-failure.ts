/** What a command tells a person when the database is the problem. */

import { InvalidDatabaseUrlError } from '../postgres/connection.ts';
import { EmbeddedPostgresError } from '../postgres/embedded/embedded-error.ts';
import { NoSchemaError, SchemaTooNewError } from '../postgres/migrate.ts';
import { UnsuitableDatabaseError } from '../postgres/suitable-database.ts';
import { exitCode } from '../system/exit-codes.ts';
import { describePostgresError } from './describe-error.ts';

const unavailable: readonly string[] = ['in_use', 'port_taken'];

/** The text and the exit code for an error of connecting or migrating. It holds no value of a row. */
export function databaseFailure(error: unknown): { text: string; code: number } {
  if (error instanceof EmbeddedPostgresError) {
    const code = unavailable.includes(error.reason) ? exitCode.unavailable : exitCode.failure;
    return { text: error.message, code };
  }
  if (
    error instanceof SchemaTooNewError ||
    error instanceof NoSchemaError ||
    error instanceof UnsuitableDatabaseError
  ) {
    return { text: error.message, code: exitCode.failure };
  }
  if (error instanceof InvalidDatabaseUrlError) return { text: error.message, code: exitCode.config };
  const { code, message } = describePostgresError(error);
  return { text: `Postgres: ${message}${code === null ? '' : ` (${code})`}`, code: exitCode.failure };
}
