/** Records as a front would make them. */

import { crc32 } from 'node:zlib';
import { encodeHeaderLine, type RecordHeader, recordFormatVersion } from '../../src/log/record.ts';
import { encodeRow, usageColumns } from '../../src/usage/row.ts';

export interface TestUsage {
  id: string;
  patientId?: string;
  medication?: string;
  usedAtMs?: number;
}

/** A UUID that is told by its number. */
export function numberedId(number: number): string {
  return `00000000-0000-8000-8000-${number.toString(16).padStart(12, '0')}`;
}

export const sampleUsedAtMs = Date.UTC(2016, 10, 1, 14, 11, 51);

export interface TestRecord {
  readonly header: RecordHeader;
  readonly rows: Buffer;
}

export function testRecord(usages: readonly TestUsage[], header: Partial<RecordHeader> = {}): TestRecord {
  const receivedAtMs = header.receivedAtMs ?? Date.now();
  const receivedAt = new Date(receivedAtMs).toISOString();
  const months = new Set<number>();
  const rows = usages.map((usage) => {
    const { id, patientId = 'patient', medication = 'Albuterol', usedAtMs = sampleUsedAtMs } = usage;
    const date = new Date(usedAtMs);
    months.add(date.getUTCFullYear() * 12 + date.getUTCMonth());
    return encodeRow(
      { id: null, patientId, medication, usedAtMs, utcOffsetMinutes: null, attributes: null },
      id,
      receivedAt,
    );
  });
  return {
    header: {
      version: recordFormatVersion,
      columns: usageColumns,
      count: usages.length,
      months: [...months].sort((a, b) => a - b),
      receivedAtMs,
      ...header,
    },
    rows: Buffer.from(rows.join('')),
  };
}

/** `count` usages numbered from `first`, one record. */
export function numberedRecord(first: number, count: number, usage: Omit<TestUsage, 'id'> = {}): TestRecord {
  return testRecord(
    Array.from({ length: count }, (_, index) => ({ id: numberedId(first + index), ...usage })),
  );
}

export function recordCrc({ header, rows }: { header: RecordHeader | null; rows: Buffer }): number {
  return crc32(rows, header ? crc32(encodeHeaderLine(header)) : 0);
}
