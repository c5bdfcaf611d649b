/**
 * The promise, as an oracle: what was sent, what was acknowledged, and what may be missing because something was
 * broken that no server can mend, each with what must tell of it.
 */

import { contentOf } from './postgres/copy-rows.ts';
import type { GapRow } from './postgres/tables.ts';
import { idPattern, type PlacedUsage } from './segments.ts';
import { world } from './world/world.ts';

export interface SentUsage {
  readonly id: string;
  /** Its COPY line without what each sending makes anew. */
  readonly content: string;
  /** Postgres takes it: nothing else becomes a dead letter. */
  readonly isGood: boolean;
  isAcknowledged: boolean;
}

export class BrokenPromiseError extends Error {
  override readonly name = 'BrokenPromiseError';
}

export class Promises {
  readonly sent = new Map<string, SentUsage>();
  /** Acknowledged, and not found in the database yet. */
  readonly #missing = new Set<string>();
  /** The brokers lost it after they had acknowledged it. */
  readonly #destroyed = new Set<string>();
  /** What was in files that were damaged, or removed by the log itself once stored: a gap has to name it. */
  readonly #gone = new Map<string, PlacedUsage[]>();
  /** Something happened after which a gap is no false alarm. */
  mayHaveGaps = false;

  send(id: string, line: string, isGood: boolean): void {
    if (!this.sent.has(id))
      this.sent.set(id, { id, content: contentOf(line), isGood, isAcknowledged: false });
  }

  acknowledge(id: string): void {
    this.sent.get(id)!.isAcknowledged = true;
    this.#missing.add(id);
  }

  /** Brokers lost these bytes. */
  destroyed(value: Buffer | null): void {
    this.mayHaveGaps = true;
    for (const [id] of value?.toString('latin1').matchAll(idPattern) ?? []) this.#destroyed.add(id);
  }

  gone(usages: readonly PlacedUsage[]): void {
    for (const usage of usages) this.#gone.set(usage.id, [...(this.#gone.get(usage.id) ?? []), usage]);
  }

  /** What is damaged was brought back as it was. */
  broughtBack(usages: readonly PlacedUsage[]): void {
    for (const { id } of usages) this.#gone.delete(id);
  }

  /** A database that went back to an older state lacks what it had; what the log let go of by then is a gap. */
  databaseWentBack(): void {
    this.mayHaveGaps = true;
    for (const usage of this.sent.values()) if (usage.isAcknowledged) this.#missing.add(usage.id);
  }

  /** Acknowledged usages of which nothing tells; none is how a schedule has to end. */
  untold(): string[] {
    const { usages, deadLetters, gaps } = world().postgres.tables;
    if (this.#missing.size === 0) return [];
    const stored = new Set([...usages.values()].map(({ id }) => id));
    const dead = [...deadLetters.values()].map(({ line }) => line.toString('latin1'));
    const allGaps = [...gaps.values()];
    return [...this.#missing].filter((id) => {
      if (stored.has(id)) return false;
      if (dead.some((line) => line.includes(id))) return false;
      if (this.#destroyed.has(id)) return false;
      return !this.#gone.get(id)?.some((usage) => allGaps.some((gap) => names(gap, usage)));
    });
  }

  /** @throws BrokenPromiseError for what must never be, however long one waits */
  check(): void {
    const { usages, gaps, deadLetters } = world().postgres.tables;
    for (const { line, error } of deadLetters.values())
      for (const [id] of line.toString('latin1').matchAll(idPattern))
        if (this.sent.get(id)?.isGood) throw new BrokenPromiseError(`usage ${id} is a dead letter: ${error}`);
    const stored = new Set<string>();
    for (const { id, line } of usages.values()) {
      const sent = this.sent.get(id);
      if (!sent) throw new BrokenPromiseError(`usage ${id} is stored and was never sent`);
      if (stored.has(id)) throw new BrokenPromiseError(`usage ${id} is stored twice`);
      if (sent.content !== contentOf(line))
        throw new BrokenPromiseError(`usage ${id} is stored with other content`);
      stored.add(id);
    }
    const [gap] = gaps.values();
    if (gap && !this.mayHaveGaps)
      throw new BrokenPromiseError(
        `a gap where nothing is missing: ${gap.partition} ${gap.from} to ${gap.to} (${gap.reason})`,
      );
  }
}

function names(gap: GapRow, { partition, position }: PlacedUsage): boolean {
  return gap.partition === partition && gap.from <= position && (gap.to === null || position < gap.to);
}
