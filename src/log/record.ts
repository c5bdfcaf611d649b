/**
 * A record: a header and the rows of one group of usages, exactly as Postgres will COPY them (text format).
 * The front encodes once; relay and writer move the bytes and never parse a usage.
 *
 * The local log stores a record as one payload: the header as a line of text, then the rows.
 *
 *     usage-ingest/1 <TAB> columns <TAB> count <TAB> months <TAB> receivedAtMs <LF> rows...
 */

/** The newest record format this release writes and reads. */
export const recordFormatVersion = 1;

export interface RecordHeader {
  readonly version: number;
  /** Comma-separated, in the order of the rows; checked against the known set, never pasted into SQL. */
  readonly columns: string;
  /** Rows in the record, at least 1. */
  readonly count: number;
  /** The distinct UTC months of `used_at`, each as year * 12 + (month - 1), ascending. */
  readonly months: readonly number[];
  /** When the front formed the group, epoch milliseconds. */
  readonly receivedAtMs: number;
}

/** A record as a reader hands it over. */
export interface LogRecord {
  /** Where it starts. */
  readonly position: number;
  /** Where the next one starts: the position to store once this one is. */
  readonly next: number;
  /** CRC-32 of the whole record, as `log_positions.last_crc` keeps it. */
  readonly crc: number;
  /** Null where the bytes are whole (their CRC holds) but are no record of ours: one dead letter. */
  readonly header: RecordHeader | null;
  /** COPY rows, each ended by a line feed; the whole payload where `header` is null. */
  readonly rows: Buffer;
}

/** A record was written by a newer release: upgrade the writers first. Stops its partition, loudly. */
export class RecordTooNewError extends Error {
  override readonly name = 'RecordTooNewError';
  readonly position: number;
  readonly version: number;
  /** Where the next record starts; null where the log tells only that this one is there. */
  readonly next: number | null;
  constructor(position: number, version: number, next: number | null = null) {
    super(
      `record at ${position} has format version ${version}, this release reads up to ${recordFormatVersion}: upgrade the writers before the fronts`,
    );
    this.position = position;
    this.version = version;
    this.next = next;
  }
}

/** Starts every payload that `encodeHeaderLine` heads, whatever the version. */
export const magic = 'usage-ingest/';

/** The header as the line that precedes the rows in a payload, line feed included. */
export function encodeHeaderLine(header: RecordHeader): string {
  return `${magic}${header.version}\t${header.columns}\t${header.count}\t${header.months.join(',')}\t${header.receivedAtMs}\n`;
}

/** A header line can hold every month there can be (2000 to the clock's end) and stays far below this. */
const headerLineBytesMax = 8192;

/**
 * Splits a payload into header and rows. Null where it is no record of ours.
 * @throws RecordTooNewError for a version above ours, whatever follows the version
 */
export function decodePayload(
  payload: Buffer,
  position: number,
): { header: RecordHeader; rows: Buffer } | null {
  const lineEnd = payload.subarray(0, headerLineBytesMax).indexOf(0x0a);
  if (lineEnd < 0) return null;
  const fields = payload.toString('latin1', 0, lineEnd).split('\t');
  const version = /^usage-ingest\/(\d{1,9})$/.exec(fields[0] ?? '');
  if (!version) return null;
  if (Number(version[1]) > recordFormatVersion) throw new RecordTooNewError(position, Number(version[1]));
  const [, columns, count, months, receivedAtMs] = fields;
  if (fields.length !== 5 || !columns || !isCount(count) || !isCount(receivedAtMs)) return null;
  if (!/^\d+(,\d+)*$/.test(months ?? '')) return null;
  const header = {
    version: Number(version[1]),
    columns,
    count: Number(count),
    months: (months ?? '').split(',').map(Number),
    receivedAtMs: Number(receivedAtMs),
  };
  return { header, rows: payload.subarray(lineEnd + 1) };
}

function isCount(text: string | undefined): text is string {
  return text !== undefined && /^[1-9]\d{0,15}$/.test(text);
}
