/**
 * One partition of a Kafka that does at once what it is told: its log is made anew, cut short or led by another broker
 * between two fetches, which a real one does in its own time.
 */

import type { Batch } from 'kafkajs';
import type { Lineage } from '../../src/log/kafka/lineage.ts';
import { KafkaPartition, type PartitionFeed } from '../../src/log/kafka/partition.ts';
import { encodeRecordHeaders } from '../../src/log/kafka/record-headers.ts';
import { headerOf, rowsOf } from './log-records.ts';

type Message = { offset: string; headers: Record<string, Buffer>; value: Buffer; isControlRecord: boolean };

export class VirtualPartition {
  readonly reading: KafkaPartition;
  /** False: the broker tells no lineages. */
  tells = true;
  /** What happens when a lineage is asked for, before it is told. */
  beforeTold: () => void = () => {};
  /** Fetches answered so far. */
  fetches = 0;
  #log: Message[] = [];
  #first = 0;
  #topic = 1;
  #epoch = 0;
  #from: number | null = null;

  constructor() {
    const feed: PartitionFeed = {
      flow: (_, position) => {
        this.#from = position ?? this.#from;
        queueMicrotask(() => this.fetch());
      },
      halt: () => {
        this.#from = null;
      },
      bounds: async () => ({ first: this.#first, end: this.end }),
      lineage: async () => {
        this.beforeTold();
        return this.lineage();
      },
      commit() {},
    };
    this.reading = new KafkaPartition(0, feed);
  }

  get end(): number {
    return this.#first + this.#log.length;
  }

  lineage(): Lineage | null {
    return this.tells ? { topicId: `${this.#topic}`, leaderEpoch: this.#epoch } : null;
  }

  append(...labels: string[]): void {
    for (const label of labels) {
      const rows = rowsOf(label);
      const headers = Object.entries(encodeRecordHeaders(headerOf(), rows));
      this.#push(rows, Object.fromEntries(headers.map(([name, text]) => [name, Buffer.from(text)])));
    }
  }

  /** What a transaction of somebody else leaves. */
  appendControl(): void {
    this.#push(Buffer.alloc(4), {}, true);
  }

  #push(value: Buffer, headers: Record<string, Buffer>, isControlRecord = false): void {
    this.#log.push({ offset: `${this.end}`, headers, value, isControlRecord });
  }

  makeAnew(): void {
    this.#topic++;
    this.#epoch = 0;
    this.#log = [];
    this.#first = 0;
  }

  /** Another broker leads from now on, which has the log up to `end`. */
  lead(end = this.end): void {
    this.#epoch++;
    this.#log.length = Math.max(0, end - this.#first);
  }

  /** Retention takes what lies before. */
  removeBefore(first: number): void {
    this.#log.splice(0, first - this.#first);
    this.#first = first;
  }

  /** Brings what is there, as a fetch does. */
  fetch(): void {
    const from = this.#from;
    if (from === null || from < this.#first || from >= this.end) return;
    const rawMessages = this.#log.slice(from - this.#first);
    this.#from = this.end;
    this.fetches++;
    const batch = {
      topic: 'virtual',
      partition: 0,
      highWatermark: `${this.end}`,
      fetchedOffset: `${from}`,
      rawMessages,
      messages: rawMessages.filter(({ isControlRecord }) => !isControlRecord),
    };
    this.reading.deliver(batch as unknown as Batch);
  }
}
