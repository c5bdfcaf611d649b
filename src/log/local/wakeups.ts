/**
 * Wakes those who wait for a folder to change: by what the system tells (inotify and the like), and by one
 * clock for all of them, since a notice may be missing and a death gives none.
 */

import type { Logger } from '../../observability/logger.ts';
import type { DurableFiles } from './durable-files.ts';

/** How late a change is seen that the system did not tell of, and a death. */
const tickMs = 250;

/** One clock for a reader and all its partitions; it runs while somebody listens. */
export class Ticker {
  readonly #listeners = new Set<() => void>();
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(everyMs = tickMs) {
    this.#everyMs = everyMs;
  }

  add(listener: () => void): void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => {
      for (const each of [...this.#listeners]) each();
    }, this.#everyMs);
  }

  remove(listener: () => void): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0 || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

/**
 * Counts the signs of change in one folder. Read `count`, look, then `wait(count)`: no change in between is lost.
 *
 * The system is asked for one notice at a time, while somebody waits: under load every append would give one, a
 * thousand a second that wake a process which reads ten times a second, and put the fronts off their cores.
 */
export class FolderWatch {
  count = 0;
  readonly #files: DurableFiles;
  readonly #folder: string;
  readonly #ticker: Ticker;
  readonly #logger: Logger;
  readonly #wake = (): void => {
    this.count += 1;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  };
  #waiting: (() => void) | null = null;
  #watcher: { close(): void } | null = null;
  /** The system gives no notices: the clock alone wakes. */
  #isUnwatchable = false;

  constructor(files: DurableFiles, folder: string, ticker: Ticker, logger: Logger) {
    this.#files = files;
    this.#folder = folder;
    this.#ticker = ticker;
    this.#logger = logger;
  }

  /** Resolves once something changed since `count` was read, or might have, or the watch was closed. */
  async wait(count: number): Promise<void> {
    // What changed before the watch began gave no notice: whoever waits looks once more.
    if (!this.#watcher && !this.#isUnwatchable) return this.#open();
    if (this.count !== count) return;
    await new Promise<void>((resolve) => {
      this.#waiting = resolve;
    });
  }

  #open(): void {
    this.#ticker.add(this.#wake);
    try {
      const changed = () => {
        this.#closeWatcher();
        this.#wake();
      };
      const failed = () => {
        this.#isUnwatchable = true;
        this.#closeWatcher();
      };
      this.#watcher = this.#files.watch(this.#folder, changed, failed);
    } catch (error) {
      this.#isUnwatchable = true;
      this.#logger.warn('log_watch_unavailable', { err: error });
    }
  }

  /** Wakes the waiter and lets go; a later wait opens it again. */
  close(): void {
    this.#isUnwatchable = false;
    this.#ticker.remove(this.#wake);
    this.#closeWatcher();
    this.#wake();
  }

  #closeWatcher(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }
}
