/**
 * Reads one segment file. It judges nothing: what a bad or missing record means depends on what lies around it
 * (tail.ts).
 */

import { decodePayload, type LogRecord, magic, RecordTooNewError } from '../record.ts';
import type { DurableFiles } from './durable-files.ts';
import { segmentPath } from './folders.ts';
import { ReadBuffers } from './read-buffers.ts';
import {
  decodeFrame,
  decodeSegmentFooter,
  decodeSegmentHeader,
  frameHeadBytes,
  frameLength,
  type SegmentFooter,
  type SegmentHeader,
  segmentFooterBytes,
  segmentHeaderBytes,
} from './segment-format.ts';

/** Bytes read at once where records are only looked for or counted, or where what follows may be zeros. */
const chunkBytes = 256 * 1024;

/** Why no further record was read: nothing is left, only a part of one is there, or what is there is none. */
export type Stop = 'end' | 'incomplete' | 'bad';

export class SegmentReader {
  readonly base: number;
  readonly #files: DurableFiles;
  readonly #fd: number;
  readonly #uuid: string;
  readonly #buffers: ReadBuffers;
  #header: SegmentHeader | null = null;
  #footer: SegmentFooter | null = null;

  private constructor(files: DurableFiles, fd: number, uuid: string, base: number, buffers: ReadBuffers) {
    this.#files = files;
    this.#fd = fd;
    this.#uuid = uuid;
    this.base = base;
    this.#buffers = buffers;
  }

  /**
   * Null where the file is gone.
   * @param buffers what `records` reads into; whoever gets them gives them back
   */
  static async open(
    files: DurableFiles,
    folder: string,
    uuid: string,
    base: number,
    buffers = new ReadBuffers(),
  ): Promise<SegmentReader | null> {
    const fd = await files.open(segmentPath(folder, base));
    return fd === null ? null : new SegmentReader(files, fd, uuid, base, buffers);
  }

  async close(): Promise<void> {
    await this.#files.close(this.#fd);
  }

  /** Position at the file's end, were all of it frames (an open one ends in zeros); below `base` where even the header is cut. */
  fileEnd(): number {
    return this.base + this.#files.statOpen(this.#fd).bytes - segmentHeaderBytes;
  }

  /** The file was removed, or replaced by one of the same name, since it was opened. */
  isGone(): boolean {
    return this.#files.statOpen(this.#fd).names === 0;
  }

  /** Null where the header is damaged: it was whole before the file got its name. */
  async header(): Promise<SegmentHeader | null> {
    this.#header ??= decodeSegmentHeader(await this.#bytes(0, segmentHeaderBytes), this.#uuid, this.base);
    return this.#header;
  }

  /** Null while, or where, the segment is not closed in order. */
  async footer(): Promise<SegmentFooter | null> {
    if (this.#footer) return this.#footer;
    const end = this.fileEnd() - segmentFooterBytes;
    if (end < this.base) return null;
    const bytes = await this.#bytes(end - this.base + segmentHeaderBytes, segmentFooterBytes);
    this.#footer = decodeSegmentFooter(bytes, this.base, end);
    return this.#footer;
  }

  /**
   * The whole records from `from` on, up to about `bytesMax` bytes, and why there was not one more (`end` too
   * where the bytes were enough). Their rows are views of buffers that nothing else uses until they are given back.
   * @throws RecordTooNewError where the first one is
   */
  async records(from: number, bytesMax: number): Promise<{ records: LogRecord[]; stop: Stop }> {
    // A small piece first: most of what lies ahead in an open segment may be zeros.
    const { records, stop } = await this.#piece(from, Math.min(bytesMax, chunkBytes), false);
    const next = records.at(-1)?.next ?? from;
    if (stop !== 'enough' || next - from >= bytesMax) return { records, stop: asStop(stop) };
    const rest = await this.#piece(next, bytesMax - (next - from), records.length > 0);
    return { records: records.concat(rest.records), stop: asStop(rest.stop) };
  }

  /** What one read brings (two for a record that is larger); `enough`: more may follow. */
  async #piece(
    from: number,
    bytesMax: number,
    hasOthers: boolean,
  ): Promise<{ records: LogRecord[]; stop: Stop | 'enough' }> {
    const available = this.fileEnd() - from;
    if (available <= 0) return { records: [], stop: 'end' };
    const buffer = this.#buffers.take(Math.min(available, Math.max(bytesMax, frameHeadBytes)));
    const piece = await this.#decode(from, buffer, available, hasOthers);
    if (piece.records.length === 0 || piece.records[0]!.rows.buffer !== buffer.buffer)
      this.#buffers.give(buffer.buffer);
    return piece;
  }

  /** The records of what is read into `buffer`, or into a larger one. */
  async #decode(
    from: number,
    buffer: Buffer,
    available: number,
    hasOthers: boolean,
  ): Promise<{ records: LogRecord[]; stop: Stop | 'enough' }> {
    let bytes = await this.#fill(buffer, from);
    const records: LogRecord[] = [];
    let offset = 0;
    while (offset < bytes.length) {
      const frame = decodeFrame(bytes, offset);
      if (frame.kind === 'bad') return { records, stop: isUnwritten(bytes, offset) ? 'end' : 'bad' };
      if (frame.kind === 'incomplete') {
        const isCut = offset + (frame.bytes ?? frameHeadBytes) > available;
        if (isCut) return { records, stop: 'incomplete' };
        if (hasOthers || records.length > 0) return { records, stop: 'enough' };
        // One record larger than was asked for.
        bytes = await this.#fill(this.#buffers.take(frame.bytes ?? frameHeadBytes), from);
        if (bytes.length < (frame.bytes ?? frameHeadBytes)) return { records, stop: 'incomplete' };
        continue;
      }
      const position = from + offset;
      offset += frame.bytes;
      const record = toRecord(
        frame.payload,
        frame.crc,
        position,
        from + offset,
        hasOthers || records.length > 0,
      );
      if (!record) return { records, stop: 'end' };
      records.push(record);
    }
    return { records, stop: 'enough' };
  }

  /** The first whole record of ours that starts after `from` and ends by `to`: what a torn tail never has. */
  async nextRecord(from: number, to: number): Promise<number | null> {
    let start = Math.max(from + 1, this.base);
    while (start + frameHeadBytes < to) {
      const bytes = await this.#frames(start, Math.min(chunkBytes, to - start));
      for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
        const position = start + at - frameHeadBytes;
        if (position > from && (await this.#isRecord(position, to))) return position;
      }
      if (bytes.length < magic.length) return null;
      // A magic across two chunks is found in the second, as is the frame's head before it.
      const advance = bytes.length - magic.length + 1;
      start += advance;
    }
    return null;
  }

  async #isRecord(position: number, to: number): Promise<boolean> {
    if (position < this.base) return false;
    const head = await this.#frames(position, frameHeadBytes);
    const length = head.length === frameHeadBytes ? frameLength(head, 0) : null;
    if (length === null || position + frameHeadBytes + length > to) return false;
    return decodeFrame(await this.#frames(position, frameHeadBytes + length), 0).kind === 'whole';
  }

  /**
   * Goes from record to record by their lengths alone, from `from` to the last one that ends by `to`. Only that one
   * is looked at: a torn record that has zeros behind it seems to be whole, and is always the last.
   * @returns how many, where the last one starts (null: none), and where it ends
   */
  async hop(from: number, to: number): Promise<{ count: number; last: number | null; end: number }> {
    const stop = Math.min(to, this.fileEnd());
    let count = 0;
    let last: number | null = null;
    let beforeLast: number | null = null;
    let at = from;
    let chunk: Buffer = Buffer.alloc(0);
    let chunkAt = from;
    while (at + frameHeadBytes <= stop) {
      if (at + frameHeadBytes > chunkAt + chunk.length) {
        chunk = await this.#frames(at, Math.min(chunkBytes, stop - at));
        chunkAt = at;
        if (chunk.length < frameHeadBytes) break;
      }
      const length = frameLength(chunk, at - chunkAt);
      if (length === null || at + frameHeadBytes + length > stop) break;
      beforeLast = last;
      last = at;
      at += frameHeadBytes + length;
      count += 1;
    }
    if (last === null || (await this.#isRecord(last, stop))) return { count, last, end: at };
    return { count: count - 1, last: beforeLast, end: last };
  }

  /** `length` bytes of frames from a position on, or fewer at the file's end. */
  #frames(position: number, length: number): Promise<Buffer> {
    return this.#bytes(position - this.base + segmentHeaderBytes, length);
  }

  /** The frames from a position on that `buffer` holds, or fewer at the file's end. */
  #fill(buffer: Buffer, position: number): Promise<Buffer> {
    return this.#readInto(buffer, position - this.base + segmentHeaderBytes);
  }

  /** Whether what ends at a position was ever written: zeros that were laid ahead were not. */
  async isWrittenBefore(position: number): Promise<boolean> {
    const [last] = await this.#frames(position - 1, 1);
    return last !== undefined && last !== 0;
  }

  #bytes(offset: number, length: number): Promise<Buffer> {
    return this.#readInto(Buffer.allocUnsafeSlow(length), offset);
  }

  async #readInto(buffer: Buffer, offset: number): Promise<Buffer> {
    const { length } = buffer;
    let filled = 0;
    while (filled < length) {
      const got = await this.#files.read(this.#fd, buffer, filled, length - filled, offset + filled);
      if (got === 0) break;
      filled += got;
    }
    return buffer.subarray(0, filled);
  }
}

function asStop(stop: Stop | 'enough'): Stop {
  return stop === 'enough' ? 'end' : stop;
}

/** A zero where a frame's length would be, and no record within reach behind it: what was laid ahead. */
function isUnwritten(bytes: Buffer, offset: number): boolean {
  return bytes.readUInt32LE(offset) === 0 && bytes.indexOf(magic, offset) < 0;
}

/** Null for a record too new to read that others come before: they are handed over first. */
function toRecord(
  payload: Buffer,
  crc: number,
  position: number,
  next: number,
  hasOthers: boolean,
): LogRecord | null {
  try {
    const decoded = decodePayload(payload, position);
    return { position, next, crc, header: decoded?.header ?? null, rows: decoded?.rows ?? payload };
  } catch (error) {
    if (!(error instanceof RecordTooNewError)) throw error;
    if (hasOthers) return null;
    throw new RecordTooNewError(position, error.version, next);
  }
}
