/** The records of one partition that a reader handed over and that are not stored yet: the head of its backlog. */

import type { LogRecord } from './record.ts';

export class HandedOut {
  /** In order, bounded by what the consumer holds. */
  #records: { readonly next: number; readonly receivedAtMs: number | null }[] = [];

  get count(): number {
    return this.#records.length;
  }

  /** When the first of them was received (epoch ms), null where it does not tell; undefined where there is none. */
  get oldestReceivedAtMs(): number | null | undefined {
    return this.#records[0]?.receivedAtMs;
  }

  /** At least one record. Whoever reads from there again has given up what it was handed of it. */
  add(records: readonly LogRecord[]): void {
    const from = records[0]!.position;
    while (this.#records.length > 0 && this.#records.at(-1)!.next > from) this.#records.pop();
    for (const { next, header } of records)
      this.#records.push({ next, receivedAtMs: header?.receivedAtMs ?? null });
  }

  /** Everything before `position` is stored. */
  stored(position: number): void {
    const kept = this.#records.findIndex(({ next }) => next > position);
    this.#records.splice(0, kept < 0 ? this.#records.length : kept);
  }

  /** Whoever had them reads from elsewhere. */
  clear(): void {
    this.#records = [];
  }
}
