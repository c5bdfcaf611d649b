/**
 * What goes into one transaction: several records of one partition, in order. Nothing here looks into rows.
 */

import { encodeHeaderLine, type LogRecord, type RecordHeader } from '../log/record.ts';
import { type ColumnList, knownColumnList } from './column-lists.ts';

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
  /** Records that are none of ours, each as a whole. */
  readonly deadLetters: readonly DeadLetter[];
  /** The UTC months of all runs, as `year * 12 + (month - 1)`. */
  readonly months: ReadonlySet<number>;
  /** One a record, epoch milliseconds. */
  readonly receivedAtMs: readonly number[];
}

/** 2000-01 and 9999-12: what Postgres is asked to make a partition for. */
const monthMin = 2000 * 12;
const monthMax = 9999 * 12 + 11;

/** @param records at least one */
export function makeBatch(records: readonly LogRecord[]): Batch {
  const last = records.at(-1);
  if (!last) throw new Error('a batch has at least one record');
  const runs: Run[] = [];
  const deadLetters: DeadLetter[] = [];
  const months = new Set<number>();
  const receivedAtMs: number[] = [];
  let bytes = 0;
  for (const record of records) {
    bytes += record.rows.length;
    if (!isHeaded(record)) {
      deadLetters.push({ position: record.position, line: record.rows, error: 'not a record of ours' });
      continue;
    }
    const { header } = record;
    receivedAtMs.push(header.receivedAtMs);
    const columns = knownColumnList(header.columns);
    const problem = columns ? headerProblem(record.rows, header) : 'unknown column list';
    if (!columns || problem) {
      deadLetters.push(wholeRecord(record, problem ?? ''));
      continue;
    }
    for (const month of header.months) months.add(month);
    const run = runs.at(-1);
    if (run?.columns === columns) {
      run.records.push(record);
      run.usages += header.count;
    } else runs.push({ columns, records: [record], usages: header.count });
  }
  const { next, crc } = last;
  return { next, crc, records: records.length, bytes, runs, deadLetters, months, receivedAtMs };
}

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

function headerProblem(rows: Buffer, header: RecordHeader): string | null {
  // Rows that do not end where the record does would run into the next record's.
  if (rows.at(-1) !== 0x0a) return 'the last row does not end in a line feed';
  return header.months.every((month) => month >= monthMin && month <= monthMax)
    ? null
    : 'months out of range';
}
