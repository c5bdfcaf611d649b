/** Stores dead letters once what refused them is mended. */

import { decodePayload, RecordTooNewError } from '../log/record.ts';
import type { Logger } from '../observability/logger.ts';
import type { SqlClient } from '../postgres/sql-client.ts';
import { type ColumnList, columnListOfLine, knownColumnList } from './column-lists.ts';
import { storeStaged } from './copy.ts';
import { isWithin, type MonthWindow, monthOfLine, monthWindow } from './instants.ts';
import { createMonths } from './months.ts';
import { countLines, linesOf } from './row-lines.ts';
import type { Session } from './sessions.ts';
import { RowCountError, refusalText, storeProblem } from './store-problem.ts';
import { inTransaction } from './transaction.ts';

export type Replayed =
  | { readonly outcome: 'stored'; readonly stored: number; readonly duplicates: number }
  /** It stays where it is. `why` holds no value. */
  | { readonly outcome: 'refused'; readonly why: string }
  /** There is none of that id, or it was replayed before. */
  | { readonly outcome: 'absent' };

/** What a dead letter holds: rows, all or none of which are stored. */
interface Letter {
  readonly columns: ColumnList;
  readonly rows: Buffer;
}

/** A dead letter may be a record of megabytes. */
const readMsMax = 60_000;

/** Stores one dead letter and marks it as replayed, in one transaction. The first stored wins, as always. */
export async function replayDeadLetter(
  session: Session,
  id: number,
  options: { logger: Logger; lockTimeoutMs: number },
): Promise<Replayed> {
  const months = createMonths(options);
  const { rows: found } = await session.within(readMsMax, (client) =>
    client.query<{ line: Buffer }>('select line from dead_letters where id = $1 and replayed_at is null', [
      id,
    ]),
  );
  if (!found[0]) return { outcome: 'absent' };
  const letter = openLetter(found[0].line);
  if ('why' in letter) return { outcome: 'refused', why: letter.why };
  const needed = monthsOf(letter, monthWindow(session.nowMs()));
  if (needed === null) return { outcome: 'refused', why: 'an instant of it is not one that a front writes' };
  try {
    await months.ensure(session, needed);
    return await inTransaction(session, options.lockTimeoutMs, (client) => store(client, id, letter));
  } catch (error) {
    const problem = storeProblem(error);
    const isRefused = error instanceof RowCountError || problem === 'poison' || problem === 'no_partition';
    if (!isRefused) throw error;
    return { outcome: 'refused', why: refusalText(error, letter.columns.names) };
  }
}

async function store(client: SqlClient, id: number, letter: Letter): Promise<Replayed> {
  // The row's lock keeps two replays apart.
  const { rowCount } = await client.query(
    'update dead_letters set replayed_at = now() where id = $1 and replayed_at is null',
    [id],
  );
  if (rowCount === 0) return { outcome: 'absent' };
  const { copied, inserted } = await storeStaged(client, letter.columns, [letter.rows]);
  if (copied !== countLines(letter.rows)) throw new RowCountError();
  return { outcome: 'stored', stored: inserted, duplicates: copied - inserted };
}

/** The months of its lines; null where an instant is not written as a front writes it, or too far away. */
function monthsOf({ rows, columns }: Letter, window: MonthWindow): Set<number> | null {
  const months = new Set<number>();
  for (const { bytes } of linesOf([{ position: 0, rows }])) {
    const month = monthOfLine(bytes, columns);
    if (month === 'foreign' || (month !== null && !isWithin(month, window))) return null;
    if (month !== null) months.add(month);
  }
  return months;
}

/** A line, or a whole record with its header line. */
function openLetter(line: Buffer): Letter | { readonly why: string } {
  try {
    const record = decodePayload(line, 0);
    if (record) {
      const columns = knownColumnList(record.header.columns);
      return columns ? { columns, rows: record.rows } : { why: 'its column list is unknown to this release' };
    }
  } catch (error) {
    if (!(error instanceof RecordTooNewError)) throw error;
    return { why: 'a newer release wrote it' };
  }
  const columns = columnListOfLine(line);
  return columns ? { columns, rows: line } : { why: 'it is no row of usages' };
}
