/**
 * Reads one partition for its writer: with a session in hand only for a moment (a session that waits for a
 * record is one that others lack), else for as long as it takes.
 */

import type { LogPartition } from '../log/log.ts';
import type { LogRecord } from '../log/record.ts';
import { pause } from '../system/waiting.ts';

/** Records; null: the partition has ended and is read; undefined: nothing came, because of the time or `cancel`. */
export type Reading = LogRecord[] | null | undefined;

export interface LogCursor {
  /** @throws LogGapError, RecordTooNewError, or LogReadError for anything else */
  readWithin(from: number, bytesMax: number, waitMs: number): Promise<Reading>;
  /** The same, without a limit in time. */
  readUntil(from: number, bytesMax: number, cancel: AbortSignal): Promise<Reading>;
}

/** A read in flight. The log's calls must not overlap, so it is waited for, or cancelled, before another one. */
interface Pending {
  readonly from: number;
  readonly cancel: AbortController;
  readonly result: Promise<LogRecord[] | null>;
}

export function createLogCursor(partition: LogPartition): LogCursor {
  let pending: Pending | null = null;

  async function begin(from: number, bytesMax: number): Promise<Pending> {
    if (pending && (pending.from !== from || pending.cancel.signal.aborted)) {
      pending.cancel.abort();
      await pending.result.catch(() => {});
      pending = null;
    }
    if (pending) return pending;
    const cancel = new AbortController();
    const result = partition.read(from, bytesMax, cancel.signal);
    // Whoever waits for it sees the error; when nobody does any more, it comes again with the next read.
    result.catch(() => {});
    pending = { from, cancel, result };
    return pending;
  }

  async function take(reading: Pending, giveUp: Promise<undefined>): Promise<Reading> {
    try {
      const records = await Promise.race([reading.result, giveUp]);
      if (records !== undefined) pending = null;
      return records?.length === 0 ? undefined : records;
    } catch (error) {
      pending = null;
      throw error;
    }
  }

  return {
    async readWithin(from, bytesMax, waitMs) {
      const reading = await begin(from, bytesMax);
      const timer = new AbortController();
      try {
        return await take(
          reading,
          pause(waitMs, timer.signal).then(() => undefined),
        );
      } finally {
        timer.abort();
      }
    },
    async readUntil(from, bytesMax, cancel) {
      const reading = await begin(from, bytesMax);
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const giveUp = () => {
        reading.cancel.abort();
        resolve(undefined);
      };
      if (cancel.aborted) giveUp();
      cancel.addEventListener('abort', giveUp, { once: true });
      try {
        return await take(reading, promise);
      } finally {
        cancel.removeEventListener('abort', giveUp);
      }
    },
  };
}
