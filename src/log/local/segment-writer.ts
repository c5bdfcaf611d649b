/**
 * Writes one segment. A frame is acknowledged when its one write to the O_DSYNC file returned whole. The first
 * write that fails, or takes too few bytes, ends the segment: what lies behind `end` is then unknown, and the
 * next segment starts past any byte that it may have laid.
 */

import { crc32 } from 'node:zlib';
import { type DurableFiles, ShortWriteError, writeWhole } from './durable-files.ts';
import { segmentMakingPath, segmentPath } from './folders.ts';
import {
  encodeFrameHead,
  encodeSegmentFooter,
  encodeSegmentHeader,
  frameHeadBytes,
  type SegmentHeader,
  segmentFooterBytes,
  segmentHeaderBytes,
} from './segment-format.ts';
import { ZeroFill } from './zero-fill.ts';

/** What the next segment must say of the one before it, and where it starts. */
export type SegmentStart = Omit<SegmentHeader, 'uuid'>;

export const firstSegment: SegmentStart = { base: 0, previousBase: 0, previousEnd: 0, previousCount: 0 };

/**
 * Makes a segment: written and durable under a hidden name, then renamed, then its name made durable. Whoever
 * sees the name sees a whole header, and goes by what it says of the segment before: a name that was seen is never
 * taken back. Where it is not known to be durable, the next attempt puts another file in its place.
 * @param bytesMax what it may come to with frames of ordinary size
 * @param checkRoom called once the hidden file is there, so that two makers at once see each other
 */
export async function createSegment(
  files: DurableFiles,
  folder: string,
  uuid: string,
  start: SegmentStart,
  bytesMax: number,
  checkRoom: () => Promise<void>,
): Promise<SegmentWriter> {
  const making = segmentMakingPath(folder);
  const path = segmentPath(folder, start.base);
  await files.remove(making);
  const fd = await files.create(making);
  try {
    await checkRoom();
    await writeWhole(files, fd, encodeSegmentHeader({ uuid, ...start }), 0);
    await files.rename(making, path);
    await files.syncFolder(folder);
  } catch (error) {
    // The failure that led here is the one to report; a second one of the same disk says no more.
    await files.close(fd).catch(() => {});
    await files.remove(making).catch(() => {});
    throw error;
  }
  return new SegmentWriter(files, fd, path, start.base, bytesMax);
}

export class SegmentWriter {
  readonly base: number;
  /** Where its acknowledged records end. */
  end: number;
  /** Acknowledged records. */
  count = 0;
  readonly #files: DurableFiles;
  readonly #fd: number;
  readonly #zeros: ZeroFill;

  /** @param fd of the file at `path`, of which nobody else may write frames */
  constructor(files: DurableFiles, fd: number, path: string, base: number, bytesMax: number) {
    this.#files = files;
    this.#fd = fd;
    this.#zeros = new ZeroFill(files, path, bytesMax);
    this.base = base;
    this.end = base;
  }

  /** Where in the file its acknowledged records end. */
  get #endOffset(): number {
    return this.end - this.base + segmentHeaderBytes;
  }

  /** Bytes of the file with one more frame and a footer. */
  bytesWith(frameBytes: number): number {
    return this.#endOffset + frameBytes + segmentFooterBytes;
  }

  /**
   * Appends one frame: `head` holds 8 bytes for the frame's head, then the payload's first part; `rows` the rest.
   * `done` hears of an error where the frame is not known to be durable: the segment has then ended.
   */
  append(head: Buffer, rows: Buffer, done: (error: Error | null) => void): void {
    const bytes = head.length + rows.length;
    encodeFrameHead(head, bytes - frameHeadBytes, crc32(rows, crc32(head.subarray(frameHeadBytes))));
    const zerosInTheWay = this.#zeros.inTheWayOf(this.#endOffset + bytes);
    if (zerosInTheWay) void zerosInTheWay.then(() => this.#write(head, rows, done));
    else this.#write(head, rows, done);
  }

  #write(head: Buffer, rows: Buffer, done: (error: Error | null) => void): void {
    const bytes = head.length + rows.length;
    this.#files.write(this.#fd, [head, rows], this.#endOffset, (error, written) => {
      if (error) return done(error);
      if (written !== bytes) return done(new ShortWriteError(written, bytes));
      this.end += bytes;
      this.count += 1;
      this.#zeros.keepAhead(this.#endOffset, bytes);
      done(null);
    });
  }

  /** Closes it in order. Where the footer fails, the next segment's header says where this one ended. */
  async close(): Promise<void> {
    const footer = encodeSegmentFooter(this.base, { end: this.end, count: this.count });
    try {
      await this.#zeros.close();
      // Before the footer, which stands at the very end.
      if (this.#zeros.isBegun) await this.#files.truncate(this.#fd, this.#endOffset);
      await writeWhole(this.#files, this.#fd, footer, this.#endOffset);
    } finally {
      await this.#files.close(this.#fd);
    }
  }

  /** Lets go of the file as it is, after a failed write. */
  async abandon(): Promise<void> {
    await this.#zeros.close();
    await this.#files.close(this.#fd);
  }

  /** The start of the segment after this one, past `bytesUnknown` that a failed write may have laid. */
  next(bytesUnknown: number): SegmentStart {
    return {
      base: this.end + bytesUnknown,
      previousBase: this.base,
      previousEnd: this.end,
      previousCount: this.count,
    };
  }
}
