/**
 * Bodies that did not come whole, by when they must have. The HTTP server closes a connection that brings less than
 * 16 KiB a second for about 10 s, without a word; here a body gets its own time, and a slow one its 408.
 */

import type { Exchange } from './exchange.ts';

export interface BodyDeadlines {
  add(exchange: Exchange): void;
  delete(exchange: Exchange): void;
  /** Tells the late ones, and keeps the server from closing the others. Called at least once a second. */
  check(nowMs: number): void;
}

/** The server's sweep is every 4 s, its shortest wait 8 s. */
const rearmEveryMs = 3_000;

export function createBodyDeadlines(options: {
  timeoutMs: number;
  onLate(exchange: Exchange): void;
}): BodyDeadlines {
  const { timeoutMs, onLate } = options;
  const arriving = new Set<Exchange>();
  let rearmedMs = 0;
  return {
    add(exchange) {
      arriving.add(exchange);
    },
    delete(exchange) {
      arriving.delete(exchange);
    },
    check(nowMs) {
      // In the order of their start: the first that is not late ends the search.
      for (const exchange of arriving) {
        if (nowMs - exchange.startedMs < timeoutMs) break;
        arriving.delete(exchange);
        onLate(exchange);
      }
      if (nowMs - rearmedMs < rearmEveryMs) return;
      rearmedMs = nowMs;
      // To resume is what sets the server's own time-out anew.
      for (const { res } of arriving) {
        res.pause();
        res.resume();
      }
    },
  };
}
