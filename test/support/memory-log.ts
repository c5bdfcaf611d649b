/**
 * A log in memory that keeps to the contract (test/log/memory-log.test.ts), for tests that must make a log do what real ones do rarely:
 * lose its beginning, hold a gap, a record of another program, or a newer one.
 */

import { randomUUID } from 'node:crypto';
import {
  type LogAppender,
  LogGapError,
  type LogPartition,
  type LogReader,
  LogUnavailableError,
} from '../../src/log/log.ts';
import { type LogRecord, RecordTooNewError } from '../../src/log/record.ts';
import { once } from '../../src/system/once.ts';
import { recordCrc, type TestRecord } from './usage-records.ts';

type Entry =
  | LogRecord
  | {
      readonly position: number;
      readonly next: number;
      readonly problem: Error;
      readonly record?: TestRecord | undefined;
    };

export interface MemoryPartition {
  readonly name: string;
  append(...records: TestRecord[]): void;
  /** Bytes that are whole and no record of ours. */
  appendForeign(bytes: Buffer): void;
  appendTooNew(): void;
  /** Bytes that cannot be read, until they are brought back. */
  appendGap(record?: TestRecord): void;
  /** Makes records of gaps that hold some. */
  bringBack(): void;
  /** Lets go of everything before the record at this index. */
  trim(index: number): void;
  /** The position before which everything is said to be stored. */
  readonly storedPosition: number;
  /** How many calls of `read` came. */
  readonly reads: number;
  readonly end: number;
  /** No record will ever be appended. */
  finish(): void;
}

export interface MemoryLog {
  readonly source: string;
  partition(name: string): MemoryPartition;
  /** A reader of its own, as another process would have. */
  reader(): LogReader;
  /** An appender with a partition of its own, which ends when it stops. */
  appender(): LogAppender;
}

export function createMemoryLog(source = `local:${randomUUID()}`): MemoryLog {
  const partitions = new Map<string, ReturnType<typeof createPartition>>();
  const readers = new Set<(partition: ReturnType<typeof createPartition>) => void>();
  let appenders = 0;

  function partitionOf(name: string): MemoryPartition {
    let partition = partitions.get(name);
    if (!partition) {
      partition = createPartition(name);
      partitions.set(name, partition);
      for (const tell of readers) tell(partition);
    }
    return partition.handle;
  }

  return {
    source,
    partition: partitionOf,
    appender: () => createAppender(() => partitionOf(`appender-${++appenders}`)),
    reader() {
      const stopping = new AbortController();
      return {
        kind: 'local',
        source,
        async start(onPartition) {
          const tell = (partition: ReturnType<typeof createPartition>) =>
            onPartition(partition.open(stopping.signal));
          for (const partition of partitions.values()) tell(partition);
          readers.add(tell);
        },
        unassignedBacklog: async () => 0,
        gonePartitions: async () => [],
        async stop() {
          stopping.abort();
        },
      };
    },
  };
}

function createAppender(makePartition: () => MemoryPartition): LogAppender {
  const listeners: ((writable: boolean) => void)[] = [];
  let partition: MemoryPartition | null = null;
  function own(made: MemoryPartition | null): void {
    partition = made;
    for (const listener of listeners) listener(made !== null);
  }
  return {
    kind: 'local',
    async append(header, rows) {
      if (!partition) throw new LogUnavailableError('failed', 'the log in memory is not open');
      // As every log: what is handed over does not change with what the caller does to it afterwards.
      partition.append({ header, rows: Buffer.from(rows) });
      return 'local';
    },
    get writable() {
      return partition !== null;
    },
    onWritableChange: (listener) => void listeners.push(listener),
    start: once(async () => own(makePartition())),
    stop: once(async () => {
      partition?.finish();
      own(null);
    }),
  };
}

function createPartition(name: string) {
  let entries: Entry[] = [];
  let end = 0;
  let finished = false;
  let reads = 0;
  let storedPosition = 0;
  const wakers = new Set<() => void>();

  function add(bytes: number, make: (position: number, next: number) => Entry): void {
    entries.push(make(end, end + bytes));
    end += bytes;
    for (const wake of [...wakers]) wake();
  }

  const handle: MemoryPartition = {
    name,
    append(...records) {
      for (const { header, rows } of records) {
        const crc = recordCrc({ header, rows });
        add(rows.length + 12, (position, next) => ({ position, next, crc, header, rows }));
      }
    },
    appendForeign(rows) {
      const crc = recordCrc({ header: null, rows });
      add(rows.length + 12, (position, next) => ({ position, next, crc, header: null, rows }));
    },
    appendTooNew() {
      add(10, (position, next) => ({ position, next, problem: new RecordTooNewError(position, 99) }));
    },
    appendGap(record) {
      add(10, (position, next) => ({
        position,
        next,
        record,
        problem: new LogGapError(position, next, 'damaged', 'bytes do not match their CRC'),
      }));
    },
    bringBack() {
      entries = entries.map((entry) => {
        if (!('problem' in entry) || !entry.record) return entry;
        const { position, next, record } = entry;
        return { position, next, crc: recordCrc(record), ...record };
      });
    },
    trim(index) {
      entries = entries.slice(index);
    },
    get storedPosition() {
      return storedPosition;
    },
    get reads() {
      return reads;
    },
    get end() {
      return end;
    },
    finish() {
      finished = true;
      for (const wake of [...wakers]) wake();
    },
  };

  function take(from: number, bytesMax: number): LogRecord[] {
    const records: LogRecord[] = [];
    let bytes = 0;
    for (const entry of entries) {
      if (entry.position < from || (records.length > 0 && bytes >= bytesMax)) continue;
      if ('problem' in entry) {
        if (records.length > 0) return records;
        throw entry.problem;
      }
      records.push(entry);
      bytes += entry.rows.length;
    }
    return records;
  }

  function change(...signals: (AbortSignal | undefined)[]): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        wakers.delete(wake);
        resolve();
      };
      wakers.add(wake);
      for (const signal of signals) signal?.addEventListener('abort', wake, { once: true });
    });
  }

  function open(revoked: AbortSignal): LogPartition {
    let isReading = false;
    return {
      name,
      revoked,
      bounds: async () => ({ first: entries[0]?.position ?? end, end }),
      async crcBefore(position) {
        const entry = entries.find(({ next }) => next === position);
        return entry && 'crc' in entry ? entry.crc : null;
      },
      async read(from, bytesMax, cancel) {
        reads += 1;
        if (isReading) throw new Error('reads overlap');
        isReading = true;
        try {
          for (;;) {
            revoked.throwIfAborted();
            if (cancel?.aborted) return [];
            const records = take(from, bytesMax);
            if (records.length > 0) return records;
            if (finished) return null;
            await change(revoked, cancel);
          }
        } finally {
          isReading = false;
        }
      },
      async stored(position) {
        storedPosition = position;
      },
      relayed: async () => ({ from: 0, to: 0 }),
      async backlog() {
        const waiting = entries.filter(({ position }) => position >= storedPosition);
        const first = waiting.find((entry) => 'header' in entry && entry.header !== null);
        const oldestReceivedAtMs =
          first && 'header' in first && first.header ? first.header.receivedAtMs : null;
        return { records: waiting.length, oldestReceivedAtMs };
      },
    };
  }

  return { handle, open };
}
