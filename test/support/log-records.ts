/** Records to append in tests, and what of them must come back. */

import type { LogPartition } from '../../src/log/log.ts';
import type { LogRecord, RecordHeader } from '../../src/log/record.ts';

export function headerOf(count = 1, receivedAtMs = 1_700_000_000_000): RecordHeader {
  return { version: 1, columns: 'id,patient_id', count, months: [24_202], receivedAtMs };
}

/** Rows that name their record, `bytes` long or a little more. */
export function rowsOf(label: string | number, bytes = 0): Buffer {
  return Buffer.from(`${label}\t${'x'.repeat(bytes)}\n`);
}

/** The label that `rowsOf` was given. */
export function labelOf(record: LogRecord): string {
  return record.rows.toString('latin1').split('\t')[0]!;
}

/** Every record from a position until the partition ends, checking that positions grow. */
export async function drain(partition: LogPartition, from = 0, bytesMax = 64 * 1024): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  let position = from;
  for (;;) {
    const records = await partition.read(position, bytesMax);
    if (records === null) return all;
    for (const record of records) {
      if (record.position < position || record.next <= record.position) {
        throw new Error(`record ${record.position} to ${record.next} comes after ${position}`);
      }
      position = record.next;
    }
    all.push(...records);
  }
}

/** Reads until `count` records came. */
export async function readCount(partition: LogPartition, count: number, from = 0): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  while (all.length < count) {
    const records = await partition.read(all.at(-1)?.next ?? from, 64 * 1024);
    if (records === null) throw new Error(`the partition ended after ${all.length} of ${count} records`);
    all.push(...records);
  }
  return all;
}
