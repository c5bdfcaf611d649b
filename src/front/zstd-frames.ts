/**
 * Whether zstd data is whole. Node 22's zstd takes a frame that was cut short as if it had ended there, where gzip,
 * deflate and brotli report it: half of an NDJSON body would be taken for all of it. So the frames are walked by
 * their block headers (RFC 8878 section 3.1), without inflating anything.
 */

const frameMagic = 0xfd2fb528;
const skippableMagicMin = 0x184d2a50;
const skippableMagicMax = 0x184d2a5f;
const rleBlock = 1;
const reservedBlock = 3;

/** True where `bytes` are one or more whole frames and nothing else. */
export function isWholeZstd(bytes: Buffer): boolean {
  let at = 0;
  do {
    at = frameEnd(bytes, at);
    if (at < 0 || at > bytes.length) return false;
  } while (at < bytes.length);
  return true;
}

/** Where the frame at `start` ends, perhaps beyond the bytes; -1 where there is none. */
function frameEnd(bytes: Buffer, start: number): number {
  if (start + 8 > bytes.length) return -1;
  const magic = bytes.readUInt32LE(start);
  if (magic >= skippableMagicMin && magic <= skippableMagicMax)
    return start + 8 + bytes.readUInt32LE(start + 4);
  if (magic !== frameMagic) return -1;
  const descriptor = bytes[start + 4]!;
  let at = start + 5 + headerBytes(descriptor);
  for (;;) {
    if (at + 3 > bytes.length) return -1;
    const block = bytes.readUIntLE(at, 3);
    const type = (block >>> 1) & 3;
    if (type === reservedBlock) return -1;
    at += 3 + (type === rleBlock ? 1 : block >>> 3);
    if (block & 1) return at + (descriptor & 4 ? 4 : 0);
  }
}

/** Window descriptor, dictionary id and content size, which follow the frame header's descriptor. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSizeFlag = descriptor >>> 6;
  const contentSizeBytes = contentSizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << contentSizeFlag;
  return (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + contentSizeBytes;
}
