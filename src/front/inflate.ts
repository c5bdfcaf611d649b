/** Inflates a body, bounded in bytes: a bomb costs no more than the cap, whatever it claims to hold. */

import * as zlib from 'node:zlib';
import { type BrotliOptions, constants, type ZlibOptions, type ZstdOptions } from 'node:zlib';
import type { ContentCoding } from './media-type.ts';
import { isWholeZstd } from './zstd-frames.ts';

type Coding = Exclude<ContentCoding, 'identity'>;

/** The body inflates to more than the cap. */
export class InflatedTooLargeError extends Error {
  override readonly name = 'InflatedTooLargeError';
}

/** The body is not what its Content-Encoding says: damaged, cut short, or followed by something else. */
export class MalformedEncodingError extends Error {
  override readonly name = 'MalformedEncodingError';
}

/** A window beyond 8 MiB would let a few bytes claim memory that the cap does not see (RFC 8878 section 3.1.1.1.2). */
const zstdWindowLogMax = 23;
const chunkBytesMin = 1024;
const chunkBytesMax = 64 * 1024;

interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

/**
 * @throws InflatedTooLargeError
 * @throws MalformedEncodingError
 */
export function inflate(coding: Coding, bytes: Buffer, bytesMax: number): Promise<Buffer> {
  const options = {
    maxOutputLength: bytesMax,
    // Of small bodies thousands may come in a second: no 16 KiB for each.
    chunkSize: Math.min(chunkBytesMax, Math.max(chunkBytesMin, bytes.length * 4)),
    info: true,
  };
  if (coding === 'zstd' && !isWholeZstd(bytes))
    return Promise.reject(new MalformedEncodingError('cut short, or followed by something else'));
  return new Promise((resolve, reject) => {
    const done = (error: NodeJS.ErrnoException | null, result: unknown) => {
      if (error) {
        if (error.code === 'ERR_BUFFER_TOO_LARGE')
          reject(new InflatedTooLargeError('over the cap', { cause: error }));
        else reject(new MalformedEncodingError('not what it says', { cause: error }));
        return;
      }
      const { buffer, engine } = result as Inflated;
      if (engine.bytesWritten < bytes.length)
        reject(new MalformedEncodingError('followed by something else'));
      else resolve(buffer);
    };
    run(coding, bytes, options, done);
  });
}

function run(
  coding: Coding,
  bytes: Buffer,
  options: ZlibOptions & BrotliOptions & ZstdOptions,
  done: (error: NodeJS.ErrnoException | null, result: unknown) => void,
): void {
  switch (coding) {
    case 'gzip':
      zlib.gunzip(bytes, options, done);
      break;
    case 'deflate':
      zlib.inflate(bytes, options, done);
      break;
    case 'br':
      zlib.brotliDecompress(bytes, options, done);
      break;
    case 'zstd':
      zlib.zstdDecompress(
        bytes,
        { ...options, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax } },
        done,
      );
      break;
  }
}
