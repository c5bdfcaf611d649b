/**
 * A record as Kafka holds it: the rows are the value, the header is Kafka record headers. docs/log-format.md
 * describes it for other readers. The CRC-32 covers the same bytes as in the local log, header line and rows,
 * so a record keeps its CRC on its way through the relay.
 */

import { crc32 } from 'node:zlib';
import type { IHeaders } from 'kafkajs';
import { decodePayload, encodeHeaderLine, type LogRecord, magic, type RecordHeader } from '../record.ts';

/** The Kafka record headers of a record, each as text. */
export function encodeRecordHeaders(header: RecordHeader, rows: Buffer): Record<string, string> {
  return {
    'usage-ingest': String(header.version),
    columns: header.columns,
    count: String(header.count),
    months: header.months.join(','),
    'received-at-ms': String(header.receivedAtMs),
    crc32: hexOf(recordCrc(header, rows)),
  };
}

/** CRC-32 of the header line and the rows. */
export function recordCrc(header: RecordHeader, rows: Buffer): number {
  return crc32(rows, crc32(encodeHeaderLine(header)));
}

/**
 * The record at `position`. Its header is null where it is not one of ours, or its CRC does not hold: then nothing that
 * the headers say is believed, whatever it is.
 * @throws RecordTooNewError for a whole record of a version above ours
 */
export function decodeRecord(position: number, headers: IHeaders | undefined, value: Buffer): LogRecord {
  const whole = headers ? decodeWhole(position, headers, value) : null;
  const { crc, header } = whole ?? { crc: crc32(value), header: null };
  return { position, next: position + 1, crc, header, rows: value };
}

/** Null where the CRC does not hold, or what it holds for is no record of ours. */
function decodeWhole(
  position: number,
  headers: IHeaders,
  value: Buffer,
): { crc: number; header: RecordHeader } | null {
  const fields = ['usage-ingest', 'columns', 'count', 'months', 'received-at-ms'].map((name) =>
    text(headers, name),
  );
  if (fields.some((field) => field === null || /[\t\n]/.test(field))) return null;
  // One reading of the fields for both logs: the header line's.
  const line = Buffer.from(`${magic}${fields.join('\t')}\n`, 'latin1');
  const crc = crc32(value, crc32(line));
  if (text(headers, 'crc32') !== hexOf(crc)) return null;
  const payload = decodePayload(line, position);
  return payload && { crc, header: payload.header };
}

const hexOf = (crc: number) => crc.toString(16).padStart(8, '0');

/** Null where the header is missing or stands more than once. */
function text(headers: IHeaders | undefined, name: string): string | null {
  const value = headers?.[name];
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  return typeof value === 'string' ? value : null;
}
