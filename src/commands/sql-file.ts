/**
 * A query file, cut into what Postgres runs and what psql would do itself. Of psql's own commands (lines that
 * begin with a backslash) `\echo` is obeyed, those that only change psql's looks are passed over, and all
 * others are refused, because to leave them out would change what the file does.
 */

export type SqlFilePart =
  | { readonly kind: 'sql'; readonly text: string; readonly line: number }
  | { readonly kind: 'echo'; readonly text: string };

export class SqlFileError extends Error {
  override readonly name = 'SqlFileError';
}

const onlyLooks = ['pset', 'timing', 'x', 'a', 't', 'H', 'encoding', 'unset'];
/** Variables that mean something to psql itself; others would be put into the SQL. */
const ownVariables = ['ON_ERROR_STOP', 'QUIET', 'ECHO', 'VERBOSITY', 'SHOW_CONTEXT', 'FETCH_COUNT'];

/**
 * Lines are counted from 1. A line of a string or a comment that begins with a backslash is taken for a command.
 * @throws SqlFileError naming line and command
 */
export function parseSqlFile(text: string): SqlFilePart[] {
  const parts: SqlFilePart[] = [];
  let sql: string[] = [];
  let from = 1;
  const flush = (next: number) => {
    if (sql.some((line) => line.trim() !== '')) parts.push({ kind: 'sql', text: sql.join('\n'), line: from });
    sql = [];
    from = next;
  };
  for (const [at, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (!/^\s*\\/.test(line)) {
      sql.push(line);
      continue;
    }
    flush(at + 2);
    const echoed = parseCommand(line.trim(), at + 1);
    if (echoed !== null) parts.push({ kind: 'echo', text: echoed });
  }
  flush(0);
  return parts;
}

/** The text to print, or null where there is nothing to do. */
function parseCommand(line: string, number: number): string | null {
  const [, name, rest] = /^\\(\S*)\s*(.*)$/.exec(line)!;
  if (name === 'echo')
    return rest!.replace(/^'((?:[^']|'')*)'$/, (_, inner: string) => inner.replaceAll("''", "'"));
  if (onlyLooks.includes(name!)) return null;
  if (name === 'set' && ownVariables.includes(rest!.split(/\s/)[0]!)) return null;
  throw new SqlFileError(
    `line ${number}: \\${name} is a command of psql, not SQL. Run the file with psql: psql "$(npx usage-ingest database-url)" -f FILE`,
  );
}
