/**
 * One virtual clock and one queue of what is to happen, in the order of time. A *step* runs one callback, then every
 * microtask that it caused; nothing else runs in between, so the same choices give the same run to the last step.
 *
 * Code of the product runs as some *process*. A step belongs to one, and so does all that it begins: killing the
 * process drops everything that would have gone on. What was given to a disk or a server is not the process's any
 * more and may still happen.
 */

import { real } from './real.ts';

export interface Process {
  readonly name: string;
  alive: boolean;
  /** Called once when it ends, however it ends: files closed, locks freed, connections dropped. */
  readonly onEnd: (() => void)[];
}

export interface Timer {
  /** Null once it ran or was cleared. */
  run: (() => void) | null;
  readonly process: Process | null;
  atMs: number;
  readonly order: number;
}

export class Scheduler {
  /** Monotonic milliseconds since the schedule began. */
  nowMs = 0;
  /** Steps run so far: names a moment of a schedule. */
  steps = 0;
  current: Process | null = null;
  #order = 0;
  readonly #heap: Timer[] = [];
  #failure: unknown = null;

  /** Runs `run` after `delayMs`, as the process whose step this is unless another is named. */
  after(delayMs: number, run: () => void, process: Process | null = this.current): Timer {
    const timer = { run, process, atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++ };
    push(this.#heap, timer);
    return timer;
  }

  clear(timer: Timer | undefined | null): void {
    if (timer) timer.run = null;
  }

  /** Ends the run with an error, once the step at hand is over. */
  fail(error: unknown): void {
    this.#failure ??= error;
  }

  kill(process: Process): void {
    if (!process.alive) return;
    process.alive = false;
    for (const end of process.onEnd.splice(0)) end();
  }

  /** Runs steps until `isDone` says so at a step's end, or nothing is left to do. @throws what `fail` was given */
  run(isDone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () => {
        if (this.#failure !== null) return reject(this.#failure);
        if (isDone()) return resolve();
        const timer = this.#next();
        if (!timer) return resolve();
        real.setImmediate(turn);
        this.nowMs = timer.atMs;
        this.steps += 1;
        this.current = timer.process;
        const { run } = timer;
        timer.run = null;
        try {
          run!();
        } catch (error) {
          this.fail(error);
        }
      };
      turn();
    });
  }

  #next(): Timer | null {
    for (;;) {
      const timer = pop(this.#heap);
      if (!timer) return null;
      if (timer.run && (timer.process === null || timer.process.alive)) return timer;
    }
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(timer, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): Timer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return first;
}
