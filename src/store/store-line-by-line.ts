/**
 * Stores the rows of a batch line by line where it must: a line that Postgres refuses is cut out, its neighbours
 * are stored, all in the one transaction. A line is only ever cut after it was refused alone; what
 * an error says about lines is a hint where to look.
 *
 * Each range of lines is tried under a savepoint. Refused at a named line: what precedes it, the line itself, and
 * what follows it are tried one after the other; without a name, the halves are. So every line is copied about
 * twice for each refused one near it, not once a refused line of the whole batch.
 */

import type { SqlClient } from '../postgres/sql-client.ts';
import type { DeadLetter, Run } from './batch.ts';
import { miscounted, wholeRecord } from './batch.ts';
import { copyRows, storeStaged } from './copy.ts';
import { deadLettersPerBatchMax, PoisonLimitError } from './poison-limits.ts';
import { countLines, linesOf, type RowLine } from './row-lines.ts';
import { namedLine, RowCountError, refusalText, storeProblem } from './store-problem.ts';

export interface CarefulResult {
  stored: number;
  duplicates: number;
  conflicts: number;
  readonly deadLetters: DeadLetter[];
  /** Those of them that Postgres refused; the others are records whose header is wrong. */
  poison: number;
}

/** Stores one run within the transaction at hand. `staged`: through the staging table from the start. */
export async function storeCarefully(
  client: SqlClient,
  run: Run,
  staged: boolean,
  poisonMax: number,
): Promise<CarefulResult> {
  const result: CarefulResult = { stored: 0, duplicates: 0, conflicts: 0, deadLetters: [], poison: 0 };
  let throughStaging = staged;

  function addPoison(letter: DeadLetter): void {
    result.deadLetters.push(letter);
    result.poison += 1;
    if (result.poison <= poisonMax) return;
    throw new PoisonLimitError(`over ${deadLettersPerBatchMax} dead letters in one batch`, letter.error);
  }

  /** Null: stored. Else the error of the data, with everything of the range undone. */
  async function tryRange(lines: readonly RowLine[]): Promise<unknown> {
    await client.query('savepoint lines');
    try {
      const rows = lines.map((line) => line.bytes);
      const { copied, inserted, conflicts } = throughStaging
        ? await storeStaged(client, run.columns, rows)
        : await copyPlain(rows);
      if (copied !== lines.length) throw new RowCountError();
      await client.query('release savepoint lines');
      result.stored += inserted;
      result.duplicates += copied - inserted;
      result.conflicts += conflicts;
      return null;
    } catch (error) {
      const problem = error instanceof RowCountError ? 'count' : storeProblem(error);
      if (problem !== 'poison' && problem !== 'repeat' && problem !== 'count') throw error;
      // Released too: a savepoint outlives the rollback to it, and they would nest.
      await client.query('rollback to savepoint lines; release savepoint lines');
      if (problem !== 'repeat') return error;
      if (throughStaging) throw error;
      throughStaging = true;
      return tryRange(lines);
    }
  }

  async function copyPlain(rows: readonly Buffer[]) {
    const copied = await copyRows(client, 'usages', run.columns, rows);
    return { copied, inserted: copied, conflicts: 0 };
  }

  async function storeRange(lines: readonly RowLine[]): Promise<void> {
    // A loop over what remains, so that many refused lines make no deep recursion.
    let rest = lines;
    while (rest.length > 0) {
      const error = await tryRange(rest);
      if (error === null) return;
      if (rest.length === 1) {
        const { position, bytes } = rest[0] as RowLine;
        return addPoison({ position, line: bytes, error: refusalText(error, run.columns.names) });
      }
      const line = namedLine(error);
      // The named line alone comes next; when it is taken after all, the hint was wrong and nothing is lost.
      const at = line !== null && line <= rest.length ? line - 1 : null;
      const end = at ?? Math.floor(rest.length / 2);
      if (end > 0) await storeRange(rest.slice(0, end));
      if (at === null) rest = rest.slice(end);
      else {
        await storeRange(rest.slice(at, at + 1));
        rest = rest.slice(at + 1);
      }
    }
  }

  for (const part of partsByCount(run)) {
    if (part.miscounted) {
      result.deadLetters.push(wholeRecord(part.miscounted, miscounted));
    } else await storeRange(linesOf(part.records));
  }
  return result;
}

type Part =
  | { miscounted: Run['records'][number]; records: null }
  | { miscounted: null; records: Run['records'] };

/** Sets records aside whose header does not count their rows: their header is wrong, so they are none of ours. */
function partsByCount(run: Run): Part[] {
  const parts: Part[] = [];
  for (const record of run.records) {
    if (countLines(record.rows) !== record.header.count) parts.push({ miscounted: record, records: null });
    else {
      const last = parts.at(-1);
      if (last?.records) last.records.push(record);
      else parts.push({ miscounted: null, records: [record] });
    }
  }
  return parts;
}
