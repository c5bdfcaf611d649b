/** `usage-ingest sql FILE`: runs a query file and prints its results, for those who have no psql. */

import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import pg from 'pg';
import type { Settings } from '../config/settings.ts';
import { silentLogger } from '../observability/logger.ts';
import { connectionConfig } from '../postgres/connection.ts';
import { useDatabase } from '../postgres/use-database.ts';
import { exitCode } from '../system/exit-codes.ts';
import type { CommandStreams } from './command-streams.ts';
import { databaseFailure } from './database-failure.ts';
import { isSqlState } from './describe-error.ts';
import { writeTable } from './result-table.ts';
import { parseSqlFile, SqlFileError, type SqlFilePart } from './sql-file.ts';

const fileBytesMax = 16 * 1024 * 1024;
/** Rows of one result that are printed; more are counted. */
const rowsMax = 10_000;

/**
 * Runs the statements of `file` ("-" is stdin). Those between two lines of psql's own commands are one
 * transaction, as Postgres takes several statements at once.
 */
export async function sqlCommand(
  settings: Pick<Settings, 'DATA_DIR' | 'DATABASE_URL' | 'USAGE_POSTGRES_PORT'>,
  file: string,
  streams: CommandStreams,
): Promise<number> {
  const { stderr } = streams;
  try {
    const parts = parseSqlFile(await readQueryFile(file, streams.stdin));
    return await useDatabase(settings, silentLogger, { create: false }, (url) =>
      runParts(url, parts, streams),
    );
  } catch (error) {
    if (error instanceof SqlFileError) {
      stderr.write(`${error.message}\n`);
      return exitCode.failure;
    }
    const { text, code } = databaseFailure(error);
    stderr.write(`${text}\n`);
    return code;
  }
}

async function readQueryFile(path: string, stdin: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    const source = path === '-' ? stdin : (await open(path)).createReadStream();
    for await (const chunk of source) {
      chunks.push(Buffer.from(chunk));
      size += chunks.at(-1)!.length;
      if (size > fileBytesMax) throw new SqlFileError(`${path} is longer than ${fileBytesMax} bytes`);
    }
  } catch (error) {
    if (error instanceof SqlFileError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new SqlFileError(`cannot read ${path} (${code})`, { cause: error });
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function runParts(url: string, parts: SqlFilePart[], streams: CommandStreams): Promise<number> {
  const client = new pg.Client({
    ...connectionConfig(url, { role: 'sql' }),
    // Everything as Postgres prints it.
    types: { getTypeParser: () => (value: string) => value },
  });
  // An error between queries comes again with the next one.
  client.on('error', () => {});
  client.on('notice', ({ message }) => streams.stderr.write(`${message}\n`));
  await client.connect();
  try {
    for (const part of parts) {
      if (part.kind === 'echo') streams.stdout.write(`${part.text}\n`);
      else if (!(await runStatements(client, part, streams))) return exitCode.failure;
    }
    return exitCode.ok;
  } finally {
    await client.end();
  }
}

type Row = (string | null)[];

/** False where Postgres refused, which it told on stderr: it is the person's own query, so in Postgres' own words. */
async function runStatements(
  client: pg.Client,
  part: { text: string; line: number },
  { stdout, stderr }: CommandStreams,
): Promise<boolean> {
  try {
    for (const { result, rows } of await collect(client, part.text)) {
      writeResult(stdout, result, rows);
    }
    return true;
  } catch (error) {
    const { code, message, position, hint } = error as pg.DatabaseError;
    if (!isSqlState(code)) throw error;
    const line = position
      ? part.line + part.text.slice(0, Number(position) - 1).split('\n').length - 1
      : null;
    stderr.write(`${line === null ? '' : `line ${line}: `}${message} (${code})\n${hint ? `${hint}\n` : ''}`);
    return false;
  }
}

/** Every result in order, with at most `rowsMax` of its rows; the others pass by and are not kept. */
function collect(client: pg.Client, text: string): Promise<{ result: pg.QueryArrayResult; rows: Row[] }[]> {
  const kept = new Map<unknown, Row[]>();
  return new Promise((resolve, reject) => {
    const query = client.query(new pg.Query<Row>({ text, rowMode: 'array' } as pg.QueryArrayConfig));
    query.on('row', (row: unknown, result) => {
      const rows = kept.get(result) ?? [];
      if (rows.length === 0) kept.set(result, rows);
      if (rows.length < rowsMax) rows.push(row as Row);
    });
    query.on('error', reject);
    query.on('end', (ended: unknown) => {
      const results = (Array.isArray(ended) ? ended : [ended]) as pg.QueryArrayResult[];
      resolve(results.map((result) => ({ result, rows: kept.get(result) ?? [] })));
    });
  });
}

/** int8, int2, int4, oid, float4, float8, money, numeric: their numbers in pg_type never change. */
const numericTypes = [20, 21, 23, 26, 700, 701, 790, 1700];

function writeResult(out: CommandStreams['stdout'], result: pg.QueryArrayResult, rows: Row[]): void {
  if (result.fields.length === 0) {
    if (result.command)
      out.write(`${result.command}${result.rowCount === null ? '' : ` ${result.rowCount}`}\n\n`);
    return;
  }
  const columns = result.fields.map(({ name, dataTypeID }) => ({
    name,
    numeric: numericTypes.includes(dataTypeID),
  }));
  writeTable(out, columns, rows);
  const count = result.rowCount ?? rows.length;
  const shown = count > rows.length ? `, the first ${rows.length} shown` : '';
  out.write(`(${count} ${count === 1 ? 'row' : 'rows'}${shown})\n\n`);
}
