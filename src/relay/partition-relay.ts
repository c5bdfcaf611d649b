/**
 * Brings one partition of the local log into Kafka, record by record as they are, several in flight: read ->
 * append, all acknowledged -> mark -> tell the log. A kill anywhere sends some again; identity drops them.
 *
 * Where it begins, only two can say: the `relayed` mark, which is its own, and the database. What cannot be found out
 * now is tried again; no partition is given up.
 */

import type { KafkaAppender } from '../log/kafka/appender.ts';
import type { LocalPartition } from '../log/local/partition-reader.ts';
import { LogGapError } from '../log/log.ts';
import { type LogRecord, RecordTooNewError } from '../log/record.ts';
import type { Logger } from '../observability/logger.ts';
import { createTrouble, onChange } from '../observability/told.ts';
import { backoffMs, pause } from '../system/waiting.ts';

export interface PartitionRelayOptions {
  readonly partition: LocalPartition;
  readonly appender: Pick<KafkaAppender, 'writable' | 'appendRecord'>;
  readonly inFlightMax: number;
  readonly logger: Logger;
  /** How far the database has the partition; null where it cannot be asked. */
  storedBefore(): Promise<number | null>;
  /** Where to go on after a gap that an operator accepted; null while it waits. Never rejects. */
  settleGap(gap: LogGapError): Promise<number | null>;
  /** It waits for an operator, or not any more. */
  onStopped(reason: 'gap' | 'too_new' | 'refused' | null): void;
  onRelayed(usages: number): void;
}

const batchBytesMax = 1024 * 1024;
/** The mark is synced to disk: not after every batch of a busy spool. */
const markEveryMs = 500;
const retryMs = 200;
/** What an operator has to mend is looked at again this often. */
const stoppedRetryMs = 10_000;
/** How often it is looked whether a gap was accepted. */
const gapRetryMs = 2_000;

export interface PartitionRelay {
  /** False once the partition has ended and all of it is in Kafka. */
  active(): boolean;
  /** Works until the partition is revoked, or has ended. Never rejects. */
  run(): Promise<void>;
}

export function createPartitionRelay(options: PartitionRelayOptions): PartitionRelay {
  const { partition, appender, logger, inFlightMax } = options;
  const { revoked } = partition;
  /** What lies before the database had, and never went into Kafka. */
  let from = 0;
  /** Everything from `from` to here is in Kafka. */
  let at = 0;
  let marked = 0;
  let begun = false;
  let failures = 0;
  let marking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let active = true;
  type StopReason = Parameters<typeof options.onStopped>[0];
  let waitsFor: StopReason = null;
  const following = createTrouble(logger, 'relay_failing', { partition: partition.name, what: 'read' });
  const keeping = createTrouble(logger, 'relay_failing', { partition: partition.name, what: 'mark' });

  async function begin(): Promise<void> {
    const relayed = await partition.relayed();
    ({ from, to: at } = relayed);
    // Nothing was relayed yet of what some database stored, or relaying began behind it: which one is there now?
    const mayBeStored = at === 0 ? partition.mark > 0 : from > 0;
    const stored = mayBeStored ? await options.storedBefore() : null;
    if (stored !== null && (at === 0 || stored < from)) from = at = stored;
    marked = at;
    // The log's own mark may be another database's: from now on it follows what is relayed. Where the log does not
    // reach back so far it is all that tells of what is gone: reading does, then.
    if (at >= (await partition.bounds()).first) await partition.stored(at);
    begun = true;
  }

  async function follow(): Promise<void> {
    if (!begun) await begin();
    for (;;) {
      const records = await partition.read(at, batchBytesMax);
      if (records === null) break;
      if (records.length === 0) continue;
      await relay(records);
      markSoon();
    }
    await mark();
    active = false;
  }

  /** All of them acknowledged, or it rejects because the relay stops. */
  async function relay(records: readonly LogRecord[]): Promise<void> {
    for (let first = 0; first < records.length; first += inFlightMax)
      await Promise.all(records.slice(first, first + inFlightMax).map(appendForever));
    at = records.at(-1)!.next;
    following.over();
    failures = 0;
    options.onRelayed(records.reduce((sum, { header }) => sum + (header?.count ?? 0), 0));
    stopped(null);
  }

  async function appendForever(record: LogRecord): Promise<void> {
    for (;;) {
      revoked.throwIfAborted();
      if (appender.writable) {
        try {
          await appender.appendRecord(record.header, record.rows);
          return;
        } catch (error) {
          // Kafka went away between (its appender tells), or it refuses the record and nothing else.
          if (appender.writable) stopped('refused', error);
        }
      }
      await pause(waitsFor === null ? retryMs : stoppedRetryMs, revoked);
    }
  }

  /** The mark is durable before the log is told that it may let go. */
  function mark(): Promise<void> {
    marking = marking.then(async () => {
      const position = at;
      if (position === marked) return;
      await partition.markRelayed({ from, to: position });
      await partition.stored(position);
      marked = position;
      keeping.over();
    });
    return marking;
  }

  function markSoon(): void {
    timer ??= setTimeout(() => {
      timer = null;
      mark().catch((error) => {
        marking = Promise.resolve();
        keeping.failed(error);
      });
    }, markEveryMs);
  }

  const stopped = onChange<StopReason, [unknown?]>(null, (reason, error) => {
    waitsFor = reason;
    options.onStopped(reason);
    if (reason === null) return logger.info('relay_resumed', { partition: partition.name });
    const todo =
      reason === 'gap'
        ? `look for the missing records, then: usage-ingest positions accept-gap --partition ${partition.name}`
        : undefined;
    logger.error('relay_stopped', { partition: partition.name, reason, err: error, todo });
  });

  /** All before the gap is in Kafka. It is read again at every look: a segment may be brought back. */
  async function waitAtGap(gap: LogGapError): Promise<void> {
    if (await isStored(gap)) return;
    stopped('gap', gap);
    const next = await options.settleGap(gap);
    if (next === null) return pause(gapRetryMs, revoked);
    logger.info('log_gap_accepted', { partition: partition.name });
    at = next;
    markSoon();
    stopped(null);
  }

  /** Nothing is missing of what the database had before anything was relayed, although it could not be asked then. */
  async function isStored(gap: LogGapError): Promise<boolean> {
    if (at > from) return false;
    const stored = await options.storedBefore().catch(() => null);
    if (stored === null || stored <= gap.fromPosition) return false;
    from = at = marked = stored;
    return true;
  }

  return {
    active: () => active,
    async run() {
      while (!revoked.aborted && active) {
        try {
          await follow();
        } catch (error) {
          if (revoked.aborted) break;
          if (error instanceof LogGapError) {
            await waitAtGap(error);
            continue;
          }
          if (error instanceof RecordTooNewError) stopped('too_new', error);
          else following.failed(error);
          await pause(error instanceof RecordTooNewError ? stoppedRetryMs : backoffMs(++failures), revoked);
        }
      }
      if (timer) clearTimeout(timer);
      await mark().catch(() => {}); // an older mark means sending again
    },
  };
}
