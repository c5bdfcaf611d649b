/**
 * The least a server can do that answers only when the body is kept: bare uWebSockets.js, and one keeping at a time of all
 * bodies that came during the one before. No validation, no row, no database: what its acknowledgement takes is the
 * keeper's, the event loop's and the load generator's.
 */

import type { HttpResponse } from 'uWebSockets.js';
import { answerCreated, listen } from './bare-server.ts';

/** Of one keeping; far more than the connections of any measurement can have in flight. */
export const bodiesBytesMax = 4 << 20;

/** Keeps `bodies`, which stay as they are until it calls back, once. Never called before it did. */
export type Keep = (bodies: Buffer, onKept: () => void) => void;

interface Group {
  readonly bytes: Buffer;
  used: number;
  waiting: HttpResponse[];
}

/** @returns the port it listens on; 0 asks for a free one */
export function startGatheringServer(wantedPort: number, keep: Keep): Promise<number> {
  const aborted = new WeakSet<HttpResponse>();
  let gathering = createGroup();
  let keeping = createGroup();
  let isKeeping = false;

  function keepGathered(): void {
    isKeeping = gathering.waiting.length > 0;
    if (!isKeeping) return;
    [gathering, keeping] = [keeping, gathering];
    keep(keeping.bytes.subarray(0, keeping.used), () => {
      const { waiting } = keeping;
      keeping.waiting = [];
      keeping.used = 0;
      for (const res of waiting) if (!aborted.has(res)) res.cork(() => answerCreated(res));
      keepGathered();
    });
  }

  return listen(wantedPort, (res) => {
    res.onAborted(() => aborted.add(res));
    res.onData((chunk, isLast) => {
      const { bytes, used, waiting } = gathering;
      if (used + chunk.byteLength > bodiesBytesMax) throw new Error('more is in flight than a group holds');
      bytes.set(new Uint8Array(chunk), used);
      gathering.used += chunk.byteLength;
      if (!isLast) return;
      waiting.push(res);
      if (isKeeping) return;
      isKeeping = true;
      // What this turn of the event loop reads is kept together.
      setImmediate(keepGathered);
    });
  });
}

const createGroup = (): Group => ({
  bytes: Buffer.allocUnsafeSlow(bodiesBytesMax),
  used: 0,
  waiting: [],
});
