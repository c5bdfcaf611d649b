/**
 * A body that arrives in pieces, in one growing buffer: what it takes is its capacity, known and counted, however
 * small the pieces. It grows with what has arrived and not with what was declared, or a thousand clients that
 * declare much and send nothing would hold the memory of all the others.
 */

const firstBytes = 4096;

export class BodyBuffer {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  readonly #bytesMax: number;

  /** @param bytesMax the length declared, or the most that is taken */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of memory taken. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** Copies `chunk` in; false, and nothing copied, where it does not fit. */
  append(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.length;
    if (length > this.#bytesMax) return false;
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.min(this.#bytesMax, Math.max(length, 2 * this.#bytes.length, firstBytes)),
      );
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
    return true;
  }

  /** What has arrived, not copied. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
