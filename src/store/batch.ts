/**
 * What goes into one transaction: several records of one partition, in order. What no front of ours made is set
 * aside here, and never stops what comes after it.
 */

import { encodeHeaderLine, type LogRecord, type RecordHeader } from '../log/record.ts';
import { type ColumnList, knownColumnList } from './column-lists.ts';
import { areInstantsOurs, isWithin, type MonthWindow, monthOfLine } from './instants.ts';
import { countLines, linesOf } from './row-lines.ts';

/** A record of ours. */
export type HeadedRecord = LogRecord & { readonly header: RecordHeader };

/** Records that follow one another and have one column list: one COPY. */
export interface Run {
  readonly columns: ColumnList;
  readonly records: HeadedRecord[];
  /** What their headers count. */
  usages: number;
}

/** Something that cannot be stored, and is kept aside with the reason. */
export interface DeadLetter {
  /** Position of the record that it was in. */
  readonly position: number;
  readonly line: Buffer;
  /** Holds no value of a usage. */
  readonly error: string;
}

export interface Batch {
  readonly next: number;
  /** CRC-32 of the last record. */
  readonly crc: number;
  readonly records: number;
  readonly bytes: number;
  readonly runs: readonly Run[];
  /** What no front made: whole records, or lines of them. */
  readonly deadLetters: readonly DeadLetter[];
  /** The UTC months of all runs, as `year * 12 + (month - 1)`. */
  readonly months: ReadonlySet<number>;
  /** One a record, epoch milliseconds. */
  readonly receivedAtMs: readonly number[];
}

/**
 * @param records at least one
 * @param window the months a usage may lie in
 */
export function makeBatch(records: readonly LogRecord[], window: MonthWindow): Batch {
  const last = records.at(-1);
  if (!last) throw new Error('a batch has at least one record');
  const batch = {
    next: last.next,
    crc: last.crc,
    records: records.length,
    bytes: 0,
    runs: [] as Run[],
    deadLetters: [] as DeadLetter[],
    months: new Set<number>(),
    receivedAtMs: [] as number[],
  };
  for (const record of records) {
    batch.bytes += record.rows.length;
    if (!isHeaded(record)) {
      batch.deadLetters.push({ position: record.position, line: record.rows, error: 'not a record of ours' });
      continue;
    }
    const { header } = record;
    batch.receivedAtMs.push(header.receivedAtMs);
    const columns = knownColumnList(header.columns);
    const problem = columns ? headerProblem(record.rows, header, window) : 'unknown column list';
    if (!columns || problem) batch.deadLetters.push(wholeRecord(record, problem ?? ''));
    else if (areInstantsOurs(record.rows, columns)) {
      for (const month of header.months) batch.months.add(month);
      addToRuns(batch.runs, columns, record);
    } else addWhatIsOurs(batch, columns, record, window);
  }
  return batch;
}

/**
 * The same batch after a look at each line: without those that no partition should take, and with the months of all
 * others, whatever the headers say.
 */
export function lookAtLines(batch: Batch, window: MonthWindow): Batch {
  const looked = {
    ...batch,
    runs: [] as Run[],
    deadLetters: [...batch.deadLetters],
    months: new Set<number>(),
  };
  for (const { columns, records } of batch.runs) {
    for (const record of records) addWhatIsOurs(looked, columns, record, window);
  }
  return looked;
}

/** Adds a record without its lines whose instants no front wrote; as a dead letter where its header counts other lines. */
function addWhatIsOurs(
  batch: { runs: Run[]; deadLetters: DeadLetter[]; months: Set<number> },
  columns: ColumnList,
  record: HeadedRecord,
  window: MonthWindow,
): void {
  if (countLines(record.rows) !== record.header.count) {
    batch.deadLetters.push(wholeRecord(record, miscounted));
    return;
  }
  const kept: Buffer[] = [];
  for (const { position, bytes } of linesOf([record])) {
    const month = monthOfLine(bytes, columns);
    if (month === 'foreign' || (month !== null && !isWithin(month, window))) {
      batch.deadLetters.push({ position, line: bytes, error: 'an instant that no front writes' });
    } else {
      kept.push(bytes);
      if (month !== null) batch.months.add(month);
    }
  }
  if (kept.length === 0) return;
  const header = { ...record.header, count: kept.length };
  const rows = kept.length === record.header.count ? record.rows : Buffer.concat(kept);
  addToRuns(batch.runs, columns, { ...record, header, rows });
}

function addToRuns(runs: Run[], columns: ColumnList, record: HeadedRecord): void {
  const run = runs.at(-1);
  if (run?.columns === columns) {
    run.records.push(record);
    run.usages += record.header.count;
  } else runs.push({ columns, records: [record], usages: record.header.count });
}

/** Why a record whose header is wrong is kept as a whole: which of its rows are whole is not known. */
export const miscounted = 'the header counts other rows than there are';

/** A record as a dead letter: its header line too, so that a replay knows the column list. */
export function wholeRecord(
  record: LogRecord & { readonly header: RecordHeader },
  error: string,
): DeadLetter {
  const line = Buffer.concat([Buffer.from(encodeHeaderLine(record.header), 'latin1'), record.rows]);
  return { position: record.position, line, error };
}

function isHeaded(record: LogRecord): record is HeadedRecord {
  return record.header !== null;
}

function headerProblem(rows: Buffer, header: RecordHeader, window: MonthWindow): string | null {
  // Rows that do not end where the record does would run into the next record's.
  if (rows.at(-1) !== 0x0a) return 'the last row does not end in a line feed';
  return header.months.every((month) => isWithin(month, window)) ? null : 'months out of range';
}
