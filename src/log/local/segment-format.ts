/**
 * The bytes of a segment file. Pure; nothing here does I/O.
 *
 *     header (64 bytes) | frame | frame | ... | footer (28 bytes, only where the segment was closed in order)
 *                                             | zeros (of any length, only where it was not)
 *
 * A frame is u32 length, u32 CRC-32 of the payload, payload; all little-endian. A position is a byte offset
 * within the partition's frames: headers and footers take up none, so file offset = position - base + 64.
 */

import { crc32 } from 'node:zlib';

export const segmentHeaderBytes = 64;
export const segmentFooterBytes = 28;
export const frameHeadBytes = 8;

/**
 * The largest payload: twice the largest USAGE_GROUP_BYTES_MAX, for a group that one big request tipped over.
 * A length beyond it is damage and never an allocation.
 */
export const payloadBytesMax = 32 * 1024 * 1024;

/** Stands where a frame's length would, and is no length. */
const footerMarker = 0xffffffff;
const segmentMagic = Buffer.from('UILOGSEG', 'latin1');
const segmentVersion = 1;

/** What a segment says of itself and of the one before it. */
export interface SegmentHeader {
  /** UUID of the partition. */
  readonly uuid: string;
  /** Position of its first record; 0 is the partition's first segment. */
  readonly base: number;
  /** Base of the segment before, by which a missing one is noticed; 0 in the first. */
  readonly previousBase: number;
  /** Where the acknowledged records of the segment before end: what lies behind was never acknowledged. */
  readonly previousEnd: number;
  /** How many acknowledged records the segment before holds. */
  readonly previousCount: number;
}

/** Closes a segment in order. */
export interface SegmentFooter {
  readonly end: number;
  readonly count: number;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  segmentMagic.copy(bytes, 0);
  bytes.writeUInt32LE(segmentVersion, 8);
  bytes.writeUInt32LE(header.previousCount, 12);
  bytes.write(header.uuid.replaceAll('-', ''), 16, 'hex');
  bytes.writeBigUInt64LE(BigInt(header.base), 32);
  bytes.writeBigUInt64LE(BigInt(header.previousBase), 40);
  bytes.writeBigUInt64LE(BigInt(header.previousEnd), 48);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
}

/**
 * Null where the bytes are not the header of the segment of this partition at this base.
 * @throws SegmentTooNewError for a version above ours
 */
export function decodeSegmentHeader(bytes: Buffer, uuid: string, base: number): SegmentHeader | null {
  if (bytes.length < segmentHeaderBytes || !bytes.subarray(0, 8).equals(segmentMagic)) return null;
  if (bytes.readUInt32LE(60) !== crc32(bytes.subarray(0, 60))) return null;
  const version = bytes.readUInt32LE(8);
  if (version > segmentVersion) throw new SegmentTooNewError(base, version);
  const header = {
    uuid,
    base: Number(bytes.readBigUInt64LE(32)),
    previousBase: Number(bytes.readBigUInt64LE(40)),
    previousEnd: Number(bytes.readBigUInt64LE(48)),
    previousCount: bytes.readUInt32LE(12),
  };
  const isOurs = bytes.toString('hex', 16, 32) === uuid.replaceAll('-', '') && header.base === base;
  return isOurs ? header : null;
}

export function encodeSegmentFooter(base: number, footer: SegmentFooter): Buffer {
  const bytes = Buffer.alloc(segmentFooterBytes);
  bytes.writeUInt32LE(footerMarker, 0);
  bytes.writeBigUInt64LE(BigInt(base), 4);
  bytes.writeBigUInt64LE(BigInt(footer.end), 12);
  bytes.writeUInt32LE(footer.count, 20);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 24)), 24);
  return bytes;
}

/** Null where the bytes are not the footer of the segment at `base` that ends at `end`. */
export function decodeSegmentFooter(bytes: Buffer, base: number, end: number): SegmentFooter | null {
  if (bytes.length !== segmentFooterBytes || bytes.readUInt32LE(0) !== footerMarker) return null;
  if (bytes.readUInt32LE(24) !== crc32(bytes.subarray(0, 24))) return null;
  if (Number(bytes.readBigUInt64LE(4)) !== base || Number(bytes.readBigUInt64LE(12)) !== end) return null;
  return { end, count: bytes.readUInt32LE(20) };
}

/** Writes a frame's head before the payload's first part, which starts at 8 in `head`. */
export function encodeFrameHead(head: Buffer, payloadBytes: number, crc: number): void {
  head.writeUInt32LE(payloadBytes, 0);
  head.writeUInt32LE(crc, 4);
}

/** What stands at an offset of a buffer. */
export type Frame =
  /** A whole payload whose CRC holds; `bytes` counts the frame's head too. */
  | { readonly kind: 'whole'; readonly payload: Buffer; readonly crc: number; readonly bytes: number }
  /** A length that may be right, and fewer bytes than it says; `bytes` is what the frame needs, or null where not even its head is there. */
  | { readonly kind: 'incomplete'; readonly bytes: number | null }
  /** A length that cannot be, or a CRC that does not hold. */
  | { readonly kind: 'bad' };

const bad: Frame = { kind: 'bad' };
const headless: Frame = { kind: 'incomplete', bytes: null };

/** Looks at the frame at `offset`; the payload is a view of `bytes`. */
export function decodeFrame(bytes: Buffer, offset: number): Frame {
  if (bytes.length - offset < frameHeadBytes) return headless;
  const length = frameLength(bytes, offset);
  if (length === null) return bad;
  const end = offset + frameHeadBytes + length;
  if (end > bytes.length) return { kind: 'incomplete', bytes: frameHeadBytes + length };
  const payload = bytes.subarray(offset + frameHeadBytes, end);
  const crc = bytes.readUInt32LE(offset + 4);
  if (crc32(payload) !== crc) return bad;
  return { kind: 'whole', payload, crc, bytes: frameHeadBytes + length };
}

/** The length that a frame's head claims for its payload, or null where no frame can claim it. */
export function frameLength(bytes: Buffer, offset: number): number | null {
  const length = bytes.readUInt32LE(offset);
  return length >= 1 && length <= payloadBytesMax ? length : null;
}

/** A segment was written by a newer release: upgrade the writers first. Stops its partition, loudly. */
export class SegmentTooNewError extends Error {
  override readonly name = 'SegmentTooNewError';
  constructor(base: number, version: number) {
    super(
      `segment at ${base} has format version ${version}, this release reads up to ${segmentVersion}: upgrade the writers before the fronts`,
    );
  }
}
