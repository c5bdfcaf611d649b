/**
 * Bodies whose reading takes long, worked off in slices, in turns: none holds the event loop, and a large one does not
 * hold up the small ones behind it. What one turn of the loop spends on them is bounded, however many there are.
 */

import type { BodyOutcome, Reading } from './reading.ts';

/** Milliseconds at once, of one body. */
const sliceMs = 5;
/** Milliseconds that bodies which have just come may take of one turn of the loop, before they wait like the others. */
const freshMsMax = 10;

export interface SlicedBody {
  readonly reading: Reading;
  /** False once nobody waits for it: it is dropped. */
  isWanted(): boolean;
  /** Bytes that it holds now. */
  holds(bytes: number): void;
  /** Once, unless it was dropped; it may throw. */
  onRead(outcome: BodyOutcome): void;
  /** In place of `onRead`: it has waited too long. */
  onLate(): void;
  /** In place of `onRead`: reading or `onRead` threw. */
  onDefect(error: unknown): void;
}

interface Waiting {
  readonly body: SlicedBody;
  readonly sinceMs: number;
}

export class Slices {
  readonly #waitingMsMax: number;
  readonly #waiting: Waiting[] = [];
  #freshMs = 0;
  #isScheduled = false;

  /** @param waitingMsMax how long a body may take, from when it had come */
  constructor(waitingMsMax: number) {
    this.#waitingMsMax = waitingMsMax;
  }

  /** Whether no body waits. */
  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Reads at once what can be read at once; the rest of it waits for its turns. `bytes` are kept where it does. */
  add(body: SlicedBody): void {
    const sinceMs = performance.now();
    if (this.#freshMs < freshMsMax) {
      const isDone = this.#step(body);
      this.#freshMs += performance.now() - sinceMs;
      this.#schedule();
      if (isDone) return;
    }
    body.reading.keep();
    body.holds(body.reading.heldBytes);
    this.#waiting.push({ body, sinceMs });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isScheduled = false;
    this.#freshMs = 0;
    const startMs = performance.now();
    while (this.#waiting.length > 0 && performance.now() - startMs < sliceMs) {
      const next = this.#waiting.shift()!;
      const { body, sinceMs } = next;
      if (!body.isWanted()) continue;
      if (startMs - sinceMs > this.#waitingMsMax) body.onLate();
      else if (!this.#step(body)) {
        body.holds(body.reading.heldBytes);
        this.#waiting.push(next);
      }
    }
    if (this.#waiting.length > 0) this.#schedule();
  };

  /** Never throws: a mistake of ours costs one request, not the process. @returns whether nothing is left to do */
  #step(body: SlicedBody): boolean {
    try {
      const outcome = body.reading.step(sliceMs);
      if (outcome === null) return false;
      body.onRead(outcome);
    } catch (error) {
      body.onDefect(error);
    }
    return true;
  }
}
