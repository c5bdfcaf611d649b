/**
 * Buffers that records are read into, handed on once what was read is stored. A new one for each read is megabytes of
 * garbage a batch outside V8's heap, which it answers with full collections: they took more than half of the writer's
 * CPU.
 */

/** Two of the writer's default batch, one being stored and one read ahead, and more. */
const defaultSpareBytesMax = 16 * 1024 * 1024;

export class ReadBuffers {
  readonly #spare: ArrayBufferLike[] = [];
  #spareBytes = 0;
  readonly #spareBytesMax: number;

  /** @param spareBytesMax kept for later, all partitions together; 0: no buffer is used twice */
  constructor(spareBytesMax = defaultSpareBytesMax) {
    this.#spareBytesMax = spareBytesMax;
  }

  /** `length` bytes, with anything in them. */
  take(length: number): Buffer {
    const bytes = powerOfTwoFrom(length);
    const at = this.#spare.findIndex(({ byteLength }) => byteLength === bytes);
    if (at < 0) return Buffer.allocUnsafeSlow(bytes).subarray(0, length);
    const [found] = this.#spare.splice(at, 1);
    this.#spareBytes -= bytes;
    return Buffer.from(found!, 0, length);
  }

  /** What was taken, and nothing looks at any more. */
  give(buffer: ArrayBufferLike): void {
    if (this.#spareBytes + buffer.byteLength > this.#spareBytesMax) return;
    this.#spare.push(buffer);
    this.#spareBytes += buffer.byteLength;
  }
}

/** Few sizes, so that one that was given fits the next read. */
function powerOfTwoFrom(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, bytes)));
}
