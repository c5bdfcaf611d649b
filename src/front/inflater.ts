/**
 * Whose body is inflated next, bounded in number, bytes and time. At most two at once, so that of the thread pool's
 * four threads two are always left for appends.
 *
 * Nobody knows what a body inflates to, and 14 bytes may be a bomb. So each is first inflated as far as a small one goes,
 * which takes part of a millisecond; what is larger starts anew in a second line, of which one at a time is inflated. A
 * small body so never waits for a large one, and of neither line a connection has more than one in, since its next
 * request comes after the answer.
 */

import { InflatedTooLargeError, inflate } from './inflate.ts';
import type { ContentCoding } from './media-type.ts';

type Coding = Exclude<ContentCoding, 'identity'>;

/** More wait than may, or it has waited too long: 503. */
export class InflaterBusyError extends Error {
  override readonly name = 'InflaterBusyError';
}

export interface Inflater {
  /**
   * @param isWanted asked when its turn comes; false (the client has gone) gives an empty buffer without work
   * @throws InflatedTooLargeError
   * @throws MalformedEncodingError
   * @throws InflaterBusyError
   */
  inflate(coding: Coding, bytes: Buffer, isWanted: () => boolean): Promise<Buffer>;
  /** Refuses what has waited too long, and looks whether there is room again. Called several times a second. */
  check(nowMs: number): void;
}

interface Entry {
  readonly coding: Coding;
  readonly bytes: Buffer;
  readonly sinceMs: number;
  isWanted(): boolean;
  resolve(inflated: Buffer): void;
  reject(error: unknown): void;
}

/** A line of bodies, and what each may inflate to. */
interface Line {
  readonly waiting: Entry[];
  readonly waitingMax: number;
  readonly bytesMax: number;
  readonly runningMax: number;
  /** What must be free before another is inflated. */
  readonly roomBytes: number;
  running: number;
}

const runningMax = 2;
/** What a small body inflates to at most. */
const smallBytesMax = 256 * 1024;
/** A body of more bytes than these on the wire is none. */
const smallWireBytesMax = 64 * 1024;
const smallWaitingMax = 4_096;
const largeWaitingMax = 64;

export function createInflater(options: {
  /** What a body may inflate to. */
  bytesMax: number;
  waitingMsMax?: number;
  /** Whether so many bytes more may be held. */
  hasRoom?(bytes: number): boolean;
  /** Counts what is being inflated at what it may inflate to; negative once it is done. */
  onHeld?(bytes: number): void;
}): Inflater {
  const { bytesMax, waitingMsMax = 2_000, hasRoom = () => true, onHeld = () => {} } = options;
  const line = (most: number, waitingMax: number, atOnce: number, roomBytes: number): Line => ({
    waiting: [],
    waitingMax,
    bytesMax: Math.min(bytesMax, most),
    runningMax: atOnce,
    roomBytes,
    running: 0,
  });
  const small = line(smallBytesMax, smallWaitingMax, runningMax, Math.min(bytesMax, smallBytesMax));
  // Twice what one takes, so that large ones never fill the room of all others.
  const large = line(bytesMax, largeWaitingMax, 1, 2 * bytesMax);

  function join(to: Line, entry: Entry): void {
    if (to.waiting.length < to.waitingMax) to.waiting.push(entry);
    else entry.reject(new InflaterBusyError('too many wait'));
  }

  function mayRun({ waiting, running, runningMax: atOnce, roomBytes }: Line): boolean {
    return (
      waiting.length > 0 &&
      running < atOnce &&
      small.running + large.running < runningMax &&
      hasRoom(roomBytes)
    );
  }

  /** The large one first: it takes one of the two places, and leaves the other to the small ones. */
  function runNext(): void {
    for (const next of [large, small]) while (mayRun(next)) void run(next, next.waiting.shift()!);
  }

  async function run(from: Line, entry: Entry): Promise<void> {
    if (!entry.isWanted()) return entry.resolve(Buffer.alloc(0));
    from.running++;
    onHeld(from.bytesMax);
    try {
      entry.resolve(await inflate(entry.coding, entry.bytes, from.bytesMax));
    } catch (error) {
      if (error instanceof InflatedTooLargeError && from.bytesMax < bytesMax) join(large, entry);
      else entry.reject(error);
    }
    from.running--;
    onHeld(-from.bytesMax);
    runNext();
  }

  return {
    inflate(coding, bytes, isWanted) {
      return new Promise((resolve, reject) => {
        const entry = { coding, bytes, isWanted, resolve, reject, sinceMs: performance.now() };
        join(bytes.length > smallWireBytesMax ? large : small, entry);
        runNext();
      });
    },
    check(nowMs) {
      for (const { waiting } of [large, small])
        while (waiting.length > 0 && nowMs - waiting[0]!.sinceMs > waitingMsMax)
          waiting.shift()!.reject(new InflaterBusyError('waited too long'));
      runNext();
    },
  };
}
