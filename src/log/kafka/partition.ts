/**
 * One partition of the topic as its reader sees it. Kafka pushes; this keeps a bounded buffer and makes of it
 * the pulling side that a log promises: from any position, every record in order, and never a silent jump.
 *
 * kafkajs answers an offset out of range by starting somewhere else, with one log line. So nothing that arrives
 * is taken unless it is exactly what was asked for; what does not fit makes us ask the broker for its bounds.
 */

import type { Batch } from 'kafkajs';
import { HandedOut } from '../handed-out.ts';
import { LogGapError, type LogGapReason, type LogPartition, type Relayed } from '../log.ts';
import { type LogRecord, RecordTooNewError } from '../record.ts';
import { decodeRecord } from './record-headers.ts';

/** What a partition needs of its reader. */
export interface PartitionFeed {
  /** Lets records arrive, from `position` on where it is given, else from where they stopped. */
  flow(partition: number, position?: number): void;
  /** Lets none arrive any more. */
  halt(partition: number): void;
  /** First and end offset, at most `maxAgeMs` old. Rejects where Kafka is away. */
  bounds(partition: number, maxAgeMs: number): Promise<{ first: number; end: number }>;
  /** Everything before is stored: for lag tools. */
  commit(partition: number, position: number): void;
}

/** Past this many bytes no more are fetched; one fetch may come on top. */
const bufferBytesMax = 2 * 1024 * 1024;
/** While nothing arrives: how often the bounds are looked at. An out-of-range position shows by nothing else. */
const lookEveryMs = 2_000;
/** How long a record that the broker has may take to arrive. */
const arrivalMsMax = 500;
/** Bounds this fresh serve a writer that looks at them in its loop. */
const boundsAgeMsMax = 1_000;

export class KafkaPartition implements LogPartition {
  readonly name: string;
  readonly revoked: AbortSignal;
  readonly #number: number;
  readonly #feed: PartitionFeed;
  readonly #abort = new AbortController();
  /** In order, without a hole; a RecordTooNewError stands for its record and is the last. */
  #buffer: (LogRecord | RecordTooNewError)[] = [];
  #bufferBytes = 0;
  /** The position that must arrive next; null while nothing was asked for. */
  #wanted: number | null = null;
  #flowing = false;
  /** What was found wrong with `#wanted`; told to the reader once the buffer is empty. */
  #gap: LogGapError | null = null;
  #examining = false;
  readonly #waiting = new Set<() => void>();
  /** The end as the last fetch told it. */
  #end = 0;
  #opened = false;
  #stored: number | null = null;
  readonly #handed = new HandedOut();

  constructor(number: number, feed: PartitionFeed) {
    this.#number = number;
    this.name = String(number);
    this.#feed = feed;
    this.revoked = this.#abort.signal;
  }

  /** It is another member's from now on, or the reader stops. */
  revoke(): void {
    this.#abort.abort();
    this.#buffer = [];
    this.#wake();
  }

  async bounds(): Promise<{ first: number; end: number }> {
    // A partition is opened by its true bounds; after that the fetches tell of its end.
    const { first, end } = await this.#feed.bounds(this.#number, this.#opened ? boundsAgeMsMax : 0);
    this.#opened = true;
    return { first, end: Math.max(end, this.#end) };
  }

  async crcBefore(position: number): Promise<number | null> {
    const { first, end } = await this.#feed.bounds(this.#number, 0);
    if (position <= first || position > Math.max(end, this.#end)) return null;
    this.#seek(position - 1);
    await this.#arrival();
    const record = this.#buffer[0];
    if (!record) throw new Error(`partition ${this.name}: interrupted`);
    if (record instanceof RecordTooNewError) return null; // never stored by this release; read() tells
    this.#drop(1);
    return record.crc;
  }

  async read(from: number, bytesMax: number, cancel?: AbortSignal): Promise<LogRecord[] | null> {
    this.revoked.throwIfAborted();
    this.#seek(from);
    await this.#arrival(cancel);
    const records: LogRecord[] = [];
    let bytes = 0;
    for (const record of this.#buffer) {
      if (record instanceof RecordTooNewError) {
        if (records.length === 0) throw record;
        break;
      }
      if (records.length > 0 && bytes + record.rows.length > bytesMax) break;
      records.push(record);
      bytes += record.rows.length;
    }
    this.#drop(records.length);
    if (records.length > 0) this.#handed.add(records);
    return records;
  }

  async stored(position: number): Promise<void> {
    this.#stored = position;
    this.#handed.stored(position);
    if (!this.revoked.aborted) this.#feed.commit(this.#number, position);
  }

  async relayed(): Promise<Relayed> {
    return { from: 0, to: 0 };
  }

  async backlog(): Promise<{ records: number; oldestReceivedAtMs: number | null }> {
    const bounds = await this.#feed.bounds(this.#number, 0);
    const end = Math.max(bounds.end, this.#end);
    const from = Math.max(bounds.first, this.#stored ?? bounds.first);
    if (end <= from) return { records: 0, oldestReceivedAtMs: null };
    // It was appended just now: a moment later it is here, with its header.
    if (this.#oldest() === undefined && this.#flowing) await this.#woken(arrivalMsMax);
    return { records: end - from, oldestReceivedAtMs: this.#oldest() ?? null };
  }

  /** When the oldest record at hand was received; undefined where none is at hand. */
  #oldest(): number | null | undefined {
    if (this.#handed.count > 0) return this.#handed.oldestReceivedAtMs;
    const head = this.#buffer[0];
    if (head === undefined || head instanceof RecordTooNewError) return undefined;
    return head.header?.receivedAtMs ?? null;
  }

  /** Takes what a fetch brought. Never waits: whoever fetches serves all partitions. */
  deliver(batch: Batch): void {
    if (this.revoked.aborted || this.#wanted === null) return;
    const end = Number(batch.highWatermark);
    const isAnswer = fetchedFrom(batch) === this.#wanted;
    let took = false;
    for (const message of batch.messages) {
      const position = Number(message.offset);
      if (position < this.#wanted) continue;
      if (position > this.#wanted) {
        if (isAnswer)
          this.#found(gap('missing', this.#wanted, position, `partition ${this.name} has a hole`));
        break;
      }
      this.#take(position, message);
      took = true;
    }
    if (took) {
      this.#end = Math.max(this.#end, end);
      if (this.#bufferBytes > bufferBytesMax) this.#halt();
      this.#wake();
    } else if (batch.messages.length > 0) {
      void this.#examine();
    }
  }

  #take(position: number, message: Batch['messages'][number]): void {
    const value = message.value ?? Buffer.alloc(0);
    this.#wanted = position + 1;
    this.#bufferBytes += value.length;
    try {
      this.#buffer.push(decodeRecord(position, message.headers, value));
    } catch (error) {
      if (!(error instanceof RecordTooNewError)) throw error;
      this.#buffer.push(error);
    }
  }

  /** Makes `position` the head of the buffer. */
  #seek(position: number): void {
    if (this.#gap) {
      this.#gap = null;
      this.#buffer = [];
    }
    const head = this.#buffer[0];
    const at = head ? head.position : this.#wanted;
    if (at !== position) {
      this.#buffer = [];
      this.#bufferBytes = 0;
      this.#handed.clear();
      this.#wanted = position;
      this.#flowing = true;
      this.#feed.flow(this.#number, position);
    } else if (!this.#flowing && this.#bufferBytes <= bufferBytesMax / 2) {
      this.#flowing = true;
      this.#feed.flow(this.#number);
    }
  }

  #halt(): void {
    this.#flowing = false;
    this.#feed.halt(this.#number);
  }

  /** Nothing is taken any more until the reader, told of the gap, asks for a position. */
  #found(error: LogGapError): void {
    this.#gap = error;
    this.#wanted = null;
    this.#halt();
    this.#wake();
  }

  #drop(count: number): void {
    for (const record of this.#buffer.splice(0, count))
      if (!(record instanceof RecordTooNewError)) this.#bufferBytes -= record.rows.length;
  }

  /** Resolves when the buffer holds something, or on `cancel`. @throws LogGapError, or when revoked */
  async #arrival(cancel?: AbortSignal): Promise<void> {
    let waitedTimes = 0;
    while (this.#buffer.length === 0) {
      this.revoked.throwIfAborted();
      if (cancel?.aborted) return;
      if (this.#gap) throw this.#gap;
      if (!(await this.#woken(lookEveryMs, cancel)) && !cancel?.aborted) {
        waitedTimes++;
        // Twice nothing: then also where records are there and do not come, ask for them again.
        await this.#examine(waitedTimes >= 2);
      }
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** True when something woke us, false when nothing did for a while. */
  async #woken(waitMs: number, cancel?: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const wake = () => resolve(true);
    const timer = setTimeout(() => resolve(false), waitMs);
    this.#waiting.add(wake);
    cancel?.addEventListener('abort', wake, { once: true });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(wake);
      cancel?.removeEventListener('abort', wake);
    }
  }

  /** What is wanted does not come, or something else did: does the log hold it? */
  async #examine(again = true): Promise<void> {
    const wanted = this.#wanted;
    if (this.#examining || wanted === null) return;
    this.#examining = true;
    try {
      const { first, end } = await this.#feed.bounds(this.#number, 0);
      if (this.#wanted !== wanted || this.revoked.aborted) return;
      if (wanted < first)
        this.#found(gap('out_of_range', wanted, first, `partition ${this.name} begins at ${first} by now`));
      else if (wanted > end) {
        this.#end = end;
        const text = `partition ${this.name} ends at ${end}: it is not the one that was read`;
        // What is there now is not what was stored: all of it is to be read, and identity drops what repeats.
        this.#found(gap('out_of_range', wanted, first, text));
      } else if (again && wanted < end && this.#flowing) {
        this.#feed.flow(this.#number, wanted);
      }
    } catch {
      // Kafka is away: whoever waits goes on waiting, and this is asked again.
    } finally {
      this.#examining = false;
    }
  }
}

function gap(reason: LogGapReason, from: number, to: number, message: string): LogGapError {
  return new LogGapError(from, to, reason, message);
}

/** The offset that the broker was asked for. kafkajs sets it and leaves it out of its types. */
function fetchedFrom(batch: Batch): number {
  return Number((batch as Batch & { fetchedOffset: string }).fetchedOffset);
}
