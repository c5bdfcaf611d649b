/**
 * What every log guarantees, whichever it is: local segments or Kafka. test/support/log-contract.ts holds each
 * implementation to it.
 *
 * - A *record* is one group of usages. `append` resolves once the record is durable; a rejection means that
 *   the record may or may not be there (*unknown*), never that it surely is not.
 * - A *partition* is an ordered sequence of records. Positions are integers that grow within it, and no
 *   position of a partition ever names two things, across restarts and failures too.
 * - A reader sees every acknowledged record of a partition, in order, whole or not at all. What it cannot
 *   see is a `LogGapError`: a gap is loud, never skipped.
 */

import type { LogRecord, RecordHeader } from './record.ts';

/** The values of the `log` label. */
export type LogKind = 'local' | 'kafka';

/** The writing side, owned by one front. */
export interface LogAppender {
  /** The log that is appended to where all is well. */
  readonly kind: LogKind;
  /**
   * Makes one record durable. `rows` belong to the log until then. The local log takes one at a time.
   * @returns the log that acknowledged it, which may be another one than `kind`
   * @throws LogUnavailableError when it could not, or it is not known whether it could
   */
  append(header: RecordHeader, rows: Buffer): Promise<LogKind>;
  /** False while appends fail; it probes by itself and turns true again without an append being tried. */
  readonly writable: boolean;
  /** Calls back at every change of `writable`. */
  onWritableChange(listener: (writable: boolean) => void): void;
  start(): Promise<void>;
  /** Waits for the append in flight and closes the partition in order. */
  stop(): Promise<void>;
}

/** The reading side, owned by one writer. */
export interface LogReader {
  readonly kind: LogKind;
  /** Names the log for good, `local:<uuid of DATA_DIR/log>` or `kafka:<cluster id>/<topic>`. Known after `start`. */
  readonly source: string;
  /**
   * Hands over each partition that is this reader's to read, those found now and those that appear later,
   * each once (again only after its `revoked` signal was aborted).
   */
  start(onPartition: (partition: LogPartition) => void): Promise<void>;
  /** Records that wait while it is not known yet which partitions are this reader's own; 0 once it is. */
  unassignedBacklog(): Promise<number>;
  /** Those of some partitions that are gone for good and were not handed over; none where partitions never end. */
  gonePartitions(names: readonly string[]): Promise<readonly string[]>;
  /** Aborts every partition's signal and lets go of files and connections. */
  stop(): Promise<void>;
}

/** One partition as its reader sees it. Calls do not overlap, but `stored` and `backlog` may come while a read waits. */
export interface LogPartition {
  readonly name: string;
  /** Aborted when the partition is taken away or the reader stops. */
  readonly revoked: AbortSignal;
  /** The oldest position still held, and the end as far as it is known now. */
  bounds(): Promise<{ first: number; end: number }>;
  /** The CRC-32 of the record that ends at `position`, or null where the log does not hold that record (any more). */
  crcBefore(position: number): Promise<number | null>;
  /**
   * The records from `from` on, at least one, up to about `bytesMax` bytes of rows; waits for one where there
   * is none yet. Null: the partition has ended and everything was read. The first one may start past `from`:
   * a failed append leaves positions that name nothing. Their rows are good until `stored` is told of them.
   * @param cancel ends the waiting, not the partition: then the list is empty
   * @throws the reason of `revoked` (an AbortError) once that is aborted
   * @throws LogGapError where records that were acknowledged, or may have been, cannot be read
   */
  read(from: number, bytesMax: number, cancel?: AbortSignal): Promise<LogRecord[] | null>;
  /**
   * Everything before `position` is stored: the log may let go of it when its retention says so. Said too when a
   * partition was opened, so that a log whose own mark is older or newer follows the database.
   */
  stored(position: number): Promise<void>;
  /** What went on into another log, a spool's records into Kafka, and is to be read there. */
  relayed(): Promise<Relayed>;
  /** What is known of records at or after the stored position: how many, and when the oldest was received (epoch ms). */
  backlog(): Promise<{ records: number; oldestReceivedAtMs: number | null }>;
}

/** The records of a partition from one position to another that another log took; 0 and 0 where none were. */
export interface Relayed {
  /** What lies before was in the database when relaying began, and never went into the other log. */
  readonly from: number;
  readonly to: number;
}

/** An append failed, or its outcome is not known. */
export class LogUnavailableError extends Error {
  override readonly name = 'LogUnavailableError';
  /** `full`: the bound on the log's bytes or the disk; `failed`: anything else. */
  readonly reason: 'full' | 'failed';
  constructor(reason: 'full' | 'failed', message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Records between two positions of a partition are missing or damaged. */
export class LogGapError extends Error {
  override readonly name = 'LogGapError';
  readonly fromPosition: number;
  /** Where reading can go on once an operator accepts the gap; null where it is not known. */
  readonly toPosition: number | null;
  /** A stable word for `log_gaps.reason`. */
  readonly reason: LogGapReason;
  constructor(fromPosition: number, toPosition: number | null, reason: LogGapReason, message: string) {
    super(message);
    this.fromPosition = fromPosition;
    this.toPosition = toPosition;
    this.reason = reason;
  }
}

export type LogGapReason =
  /** Bytes that were acknowledged do not match their CRC, or are cut short. */
  | 'damaged'
  /** A segment that was there, or must have been, is not. */
  | 'missing'
  /** The record before the stored position is not the one that was stored last. */
  | 'mismatch'
  /** The stored position lies outside what the log holds. */
  | 'out_of_range'
  /** No position is stored, and the partition's beginning is gone. */
  | 'beginning_gone';
