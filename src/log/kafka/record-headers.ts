/**
 * A record as Kafka holds it: the rows are the value, the header is Kafka record headers. docs/log-format.md
 * describes it for other readers. The CRC-32 covers the same bytes as in the local log, header line and rows,
 * so a record keeps its CRC on its way through the relay.
 */

import { crc32 } from 'node:zlib';
import type { IHeaders } from 'kafkajs';
import {
  decodePayload,
  encodeHeaderLine,
  type LogRecord,
  type RecordHeader,
  RecordTooNewError,
  recordFormatVersion,
} from '../record.ts';

/** The Kafka record headers of a record, each as text. */
export function encodeRecordHeaders(header: RecordHeader, rows: Buffer): Record<string, string> {
  return {
    'usage-ingest': String(header.version),
    columns: header.columns,
    count: String(header.count),
    months: header.months.join(','),
    'received-at-ms': String(header.receivedAtMs),
    crc32: recordCrc(header, rows).toString(16).padStart(8, '0'),
  };
}

/** CRC-32 of the header line and the rows. */
export function recordCrc(header: RecordHeader, rows: Buffer): number {
  return crc32(rows, crc32(encodeHeaderLine(header)));
}

/**
 * The record at `position`. Its header is null where it is not one of ours, or its CRC does not hold.
 * @throws RecordTooNewError for a version above ours, whatever else is in it
 */
export function decodeRecord(position: number, headers: IHeaders | undefined, value: Buffer): LogRecord {
  const header = headers ? decodeHeader(position, headers) : null;
  if (header) {
    const crc = recordCrc(header, value);
    if (crc === Number.parseInt(text(headers, 'crc32') ?? '', 16))
      return { position, next: position + 1, crc, header, rows: value };
  }
  return { position, next: position + 1, crc: crc32(value), header: null, rows: value };
}

function decodeHeader(position: number, headers: IHeaders): RecordHeader | null {
  const version = text(headers, 'usage-ingest');
  if (version === null || !/^[1-9]\d{0,8}$/.test(version)) return null;
  if (Number(version) > recordFormatVersion) throw new RecordTooNewError(position, Number(version));
  const fields = ['columns', 'count', 'months', 'received-at-ms'].map((name) => text(headers, name));
  if (fields.some((field) => field === null || /[\t\n]/.test(field))) return null;
  // One reading of the fields for both logs: the header line's.
  const line = `usage-ingest/${version}\t${fields.join('\t')}\n`;
  return decodePayload(Buffer.from(line, 'latin1'), position)?.header ?? null;
}

/** Null where the header is missing or stands more than once. */
function text(headers: IHeaders | undefined, name: string): string | null {
  const value = headers?.[name];
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  return typeof value === 'string' ? value : null;
}
