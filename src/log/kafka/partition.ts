/**
 * One partition of the topic as its reader sees it. Kafka pushes; this keeps a bounded buffer and makes of it
 * the pulling side that a log promises: from any position, every record in order, and never a silent jump.
 *
 * kafkajs answers an offset out of range by starting somewhere else, with one log line. So nothing that arrives
 * is taken unless it is exactly what was asked for; what does not fit makes us ask the broker for its bounds.
 *
 * And nothing that arrives is handed over before the broker has said that it is of the log that was read before it
 * (lineage.ts). Where that may be another one, what is not handed over yet is forgotten, and the record before it is
 * read again: if it is the one that was taken, reading goes on behind it, else that is a gap.
 */

import type { Batch, IHeaders } from 'kafkajs';
import { pause } from '../../system/waiting.ts';
import { HandedOut } from '../handed-out.ts';
import { LogGapError, type LogGapReason, type LogPartition, type Relayed } from '../log.ts';
import { type LogRecord, RecordTooNewError } from '../record.ts';
import { isSameLineage, type Lineage } from './lineage.ts';
import { decodeRecord } from './record-headers.ts';

/** What a partition needs of its reader. */
export interface PartitionFeed {
  /** Lets records arrive, from `position` on where it is given, else from where they stopped. */
  flow(partition: number, position?: number): void;
  /** Lets none arrive any more. */
  halt(partition: number): void;
  /** First and end offset, at most `maxAgeMs` old. Rejects where Kafka is away. */
  bounds(partition: number, maxAgeMs: number): Promise<{ first: number; end: number }>;
  /** As of a moment after the call. Null where Kafka does not tell. Rejects where it is away. */
  lineage(partition: number): Promise<Lineage | null>;
  /** Everything before is stored: for lag tools. */
  commit(partition: number, position: number): void;
}

/** Past this many bytes no more are fetched; one fetch may come on top. */
const bufferBytesMax = 2 * 1024 * 1024;
/** While nothing arrives: how often the bounds are looked at. An out-of-range position shows by nothing else. */
const lookEveryMs = 2_000;
/** Where Kafka tells no lineage: after so long without a record, the one before is compared. */
const silenceMsMax = 250;
/** Until a broker that did not say whether the log is the same one is asked again. */
const askAgainMs = 100;
/** How long a record that the broker has may take to arrive. */
const arrivalMsMax = 500;
/** Bounds this fresh serve a writer that looks at them in its loop. */
const boundsAgeMsMax = 1_000;

/** What Kafka's messages and its own records of transactions have in common. */
type Message = Pick<Batch['messages'][number], 'offset' | 'value'> & { readonly headers?: IHeaders };

/** A record that was taken: where it ends, and what it was. */
interface Taken {
  readonly next: number;
  readonly crc: number;
}

export class KafkaPartition implements LogPartition {
  readonly name: string;
  readonly revoked: AbortSignal;
  readonly #number: number;
  readonly #feed: PartitionFeed;
  readonly #abort = new AbortController();
  /** In order, without a hole; a RecordTooNewError stands for its record and is the last. */
  #buffer: (LogRecord | RecordTooNewError)[] = [];
  #bufferBytes = 0;
  /** How many at the head of the buffer are surely of the log that was read before; those behind are not yet. */
  #sure = 0;
  /** What all that is sure is of; null where Kafka does not tell. */
  #lineage: Lineage | null = null;
  /** The last record that is sure, whether it was handed over or not; null where there is none at hand. */
  #last: Taken | null = null;
  /** The record that was asked for again and must be this one; null while none was. */
  #proof: Taken | null = null;
  #confirming = false;
  /** Records may have come from another log since, and Kafka does not tell. */
  #interrupted = true;
  #arrivedAtMs = Number.NEGATIVE_INFINITY;
  /** The position that must arrive next; null while nothing was asked for. */
  #wanted: number | null = null;
  /** How often arrivals were begun anew: what was found out before is of no use after. */
  #begun = 0;
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
    this.#begun++;
    this.#buffer = [];
    this.#sure = 0;
    this.#wake();
  }

  async bounds(): Promise<{ first: number; end: number }> {
    // A partition is opened by its true bounds; after that the fetches tell of its end. Whoever opens it looks anew.
    this.#gap = null;
    const { first, end } = await this.#feed.bounds(this.#number, this.#opened ? boundsAgeMsMax : 0);
    this.#opened = true;
    return { first, end: Math.max(end, this.#end) };
  }

  async crcBefore(position: number): Promise<number | null> {
    const { first, end } = await this.#feed.bounds(this.#number, 0);
    if (position <= first || position > Math.max(end, this.#end)) return null;
    await this.#seek(position - 1);
    await this.#arrival();
    const record = this.#buffer[0];
    if (!record) throw new Error(`partition ${this.name}: interrupted`);
    if (record instanceof RecordTooNewError) return null; // never stored by this release; read() tells
    this.#drop(1);
    return record.crc;
  }

  async read(from: number, bytesMax: number, cancel?: AbortSignal): Promise<LogRecord[] | null> {
    this.revoked.throwIfAborted();
    await this.#seek(from);
    await this.#arrival(cancel);
    const records: LogRecord[] = [];
    let bytes = 0;
    for (const record of this.#buffer.slice(0, this.#sure)) {
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
    const isAnswer = fetchedFrom(batch) === this.#wanted;
    const messages = allMessages(batch);
    let took = false;
    for (const message of messages) {
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
      const nowMs = performance.now();
      if (nowMs - this.#arrivedAtMs > silenceMsMax) this.#interrupted = true;
      this.#arrivedAtMs = nowMs;
      this.#end = Math.max(this.#end, Number(batch.highWatermark));
      if (this.#bufferBytes > bufferBytesMax) this.#halt();
      void this.#confirm();
    } else if (messages.length > 0) {
      void this.#examine();
    }
  }

  /** Takes what a fetch brought and kafkajs keeps back: marks of a foreign transaction, one at each position. */
  deliverForeign(first: number, last: number): void {
    const rawMessages = Array.from({ length: last - first + 1 }, (_, index) => ({
      offset: `${first + index}`,
      value: null,
    }));
    this.deliver({
      fetchedOffset: `${first}`,
      highWatermark: `${last + 1}`,
      rawMessages,
    } as unknown as Batch);
  }

  #take(position: number, message: Message): void {
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
  async #seek(position: number): Promise<void> {
    const proven = this.#sure > 0 ? undefined : this.#proof?.next;
    const at = proven ?? this.#buffer[0]?.position ?? this.#gap?.fromPosition ?? this.#wanted;
    if (at !== position) {
      this.#stopTaking();
      this.#drop(this.#buffer.length);
      this.#handed.clear();
      this.#gap = null;
      if (this.#last?.next !== position) {
        this.#last = null;
        // Before anything arrives: what arrives is of this one then, or of a later one.
        this.#lineage = await this.#feed.lineage(this.#number);
        this.revoked.throwIfAborted();
      }
      this.#begin(position);
    } else if (!this.#gap && !this.#flowing && this.#bufferBytes <= bufferBytesMax / 2) {
      this.#flowing = true;
      this.#feed.flow(this.#number);
    }
  }

  /** Lets records arrive, from `position` on. */
  #begin(position: number): void {
    this.#begun++;
    this.#gap = null;
    this.#wanted = position;
    this.#flowing = true;
    this.#feed.flow(this.#number, position);
  }

  #halt(): void {
    this.#flowing = false;
    this.#interrupted = true;
    this.#feed.halt(this.#number);
  }

  #stopTaking(): void {
    this.#begun++;
    this.#wanted = null;
    this.#proof = null;
    if (this.#flowing) this.#halt();
  }

  /** Nothing is taken any more until the reader, told of the gap behind what was taken, opens the partition anew. */
  #found(error: LogGapError): void {
    this.#stopTaking();
    this.#gap = error;
    this.#wake();
  }

  /** The first `count` of the buffer go. */
  #drop(count: number): void {
    for (const record of this.#buffer.splice(0, count)) this.#bufferBytes -= bytesOf(record);
    this.#sure = Math.max(0, this.#sure - count);
  }

  #forgetUnsure(): void {
    for (const record of this.#buffer.splice(this.#sure)) this.#bufferBytes -= bytesOf(record);
  }

  /** Asks of what log the records are that arrived, until none is unsure. One question at a time; never rejects. */
  async #confirm(): Promise<void> {
    if (this.#confirming) return;
    this.#confirming = true;
    while (this.#buffer.length > this.#sure && !this.revoked.aborted) {
      const begun = this.#begun;
      const arrived = this.#buffer.length - this.#sure;
      try {
        const lineage = await this.#feed.lineage(this.#number);
        if (begun !== this.#begun) continue;
        if (this.#continues(lineage) && !this.#proof) {
          this.#accept(arrived);
          continue;
        }
        const { first } = await this.#feed.bounds(this.#number, 0);
        if (begun !== this.#begun) continue;
        if (!this.#continues(lineage) || !this.#proof) this.#prove(lineage, first);
        else if (this.#isProof(this.#proof)) this.#acceptProof(arrived);
        else this.#refuseProof(this.#proof, first);
      } catch {
        // Kafka is away, or its leaders move: until it says so nothing is sure.
        await pause(askAgainMs, this.revoked);
      }
    }
    this.#confirming = false;
  }

  /** Whether what arrived before this was told is of the log that was read, as far as Kafka tells. */
  #continues(lineage: Lineage | null): boolean {
    if (lineage && this.#lineage) return isSameLineage(lineage, this.#lineage);
    const isToCompare = this.#interrupted && this.#last !== null && this.#proof === null;
    return lineage === this.#lineage && !isToCompare;
  }

  /** The next `count` are sure. */
  #accept(count: number): void {
    this.#sure += count;
    const record = this.#buffer[this.#sure - 1];
    if (count > 0 && record && !(record instanceof RecordTooNewError)) this.#last = record;
    this.#wake();
  }

  /** Whether the first that is not sure is the record that was asked for again. */
  #isProof({ next, crc }: Taken): boolean {
    const record = this.#buffer[this.#sure];
    return (
      record !== undefined &&
      !(record instanceof RecordTooNewError) &&
      record.next === next &&
      record.crc === crc
    );
  }

  /** It was handed over before. */
  #acceptProof(count: number): void {
    const [record] = this.#buffer.splice(this.#sure, 1);
    if (record) this.#bufferBytes -= bytesOf(record);
    this.#proof = null;
    this.#interrupted = false;
    this.#accept(count - 1);
  }

  #refuseProof({ next }: Taken, first: number): void {
    this.#forgetUnsure();
    const text = `partition ${this.name} holds another record before ${next} than was read: its log was made anew or cut short`;
    this.#found(gap('mismatch', next, first, text));
  }

  /** It may be another log: what is not sure is forgotten, and the record before it asked for again. */
  #prove(lineage: Lineage | null, first: number): void {
    const next = this.#last?.next ?? this.#buffer[this.#sure]?.position ?? this.#wanted ?? 0;
    const isSameTopic = !lineage || !this.#lineage || lineage.topicId === this.#lineage.topicId;
    this.#lineage = lineage;
    this.#forgetUnsure();
    if (this.#last && first < next) {
      this.#proof = this.#last;
      this.#begin(next - 1);
    } else if (isSameTopic || next === 0) {
      // Nothing is left to compare with, and a leader that changed is no sign of a loss.
      this.#interrupted = false;
      this.#begin(next);
    } else {
      this.#found(gap('mismatch', next, first, `the topic of partition ${this.name} was made anew`));
    }
  }

  /** Resolves when the buffer holds something sure, or on `cancel`. @throws LogGapError, or when revoked */
  async #arrival(cancel?: AbortSignal): Promise<void> {
    let waitedTimes = 0;
    while (this.#sure === 0) {
      this.revoked.throwIfAborted();
      if (cancel?.aborted) return;
      if (this.#gap && this.#buffer.length === 0) throw this.#gap;
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
      const lineage = await this.#feed.lineage(this.#number);
      if (this.#wanted !== wanted || this.revoked.aborted) return;
      const next = this.#proof?.next ?? wanted;
      const text = `partition ${this.name} has ${first} to ${end}, and not what follows ${next}`;
      // Nothing came from there, and perhaps nothing will: a log that is as long by now is told by this alone.
      const isOther = lineage !== null && !this.#continues(lineage);
      // What is there now is not what was stored: all of it is to be read, and identity drops what repeats.
      if (next < first || next > end) {
        this.#end = end;
        this.#found(gap('out_of_range', next, first, text));
      } else if (isOther || wanted < first) this.#prove(lineage, first);
      else if (again && wanted < end && this.#flowing) this.#feed.flow(this.#number, wanted);
    } catch {
      // Kafka is away: whoever waits goes on waiting, and this is asked again.
    } finally {
      this.#examining = false;
    }
  }
}

/** A RecordTooNewError stands for a record that nobody here will hold. */
function bytesOf(record: LogRecord | RecordTooNewError): number {
  return record instanceof RecordTooNewError ? 0 : record.rows.length;
}

function gap(reason: LogGapReason, from: number, to: number, message: string): LogGapError {
  return new LogGapError(from, to, reason, message);
}

/** With the records that a foreign transaction leaves, which kafkajs keeps back; it leaves this out of its types. */
function allMessages(batch: Batch): readonly Message[] {
  return (batch as Batch & { rawMessages: readonly Message[] }).rawMessages;
}

/** The offset that the broker was asked for. kafkajs sets it and leaves it out of its types. */
function fetchedFrom(batch: Batch): number {
  return Number((batch as Batch & { fetchedOffset: string }).fetchedOffset);
}
