/**
 * A body that arrives in pieces, in blocks of one size that bodies hand on to each other: what it takes is known and
 * counted, however small the pieces, and no garbage of large buffers waits for a collection under load. It grows
 * with what has arrived and not with what was declared, or a thousand clients that declare much and send nothing
 * would hold the memory of all the others.
 */

const blockBytes = 8192;

/** The blocks of all bodies of a front: as many as were ever held at once, which admission bounds. */
export class BodyBlocks {
  readonly #free: Buffer[] = [];
  #whole: Buffer = Buffer.alloc(0);

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
  }

  give(blocks: readonly Buffer[]): void {
    this.#free.push(...blocks);
  }

  /** The first `length` bytes of `blocks` in a row, valid until the next call. */
  join(blocks: readonly Buffer[], length: number): Buffer {
    const bytes = blocks.length * blockBytes;
    if (this.#whole.length < bytes) {
      this.#whole = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#whole.length));
    }
    for (let i = 0; i < blocks.length; i++) this.#whole.set(blocks[i]!, i * blockBytes);
    return this.#whole.subarray(0, length);
  }
}

export class BodyBuffer {
  readonly #shared: BodyBlocks;
  #blocks: Buffer[] = [];
  #length = 0;
  readonly #bytesMax: number;

  /** @param bytesMax the length declared, or the most that is taken */
  constructor(shared: BodyBlocks, bytesMax: number) {
    this.#shared = shared;
    this.#bytesMax = bytesMax;
  }

  /** Bytes of memory taken. */
  get capacity(): number {
    return this.#blocks.length * blockBytes;
  }

  /** Copies `chunk` in; false, and nothing copied, where it does not fit. */
  append(chunk: Uint8Array): boolean {
    if (this.#length + chunk.length > this.#bytesMax) return false;
    for (let from = 0; from < chunk.length; ) {
      const at = this.#length % blockBytes;
      if (at === 0) this.#blocks.push(this.#shared.take());
      const part = chunk.subarray(from, from + blockBytes - at);
      this.#blocks.at(-1)!.set(part, at);
      this.#length += part.length;
      from += part.length;
    }
    return true;
  }

  /** What has arrived, in one piece, valid until the next call for any body; this one is empty then. */
  takeWhole(): Buffer {
    const whole = this.#shared.join(this.#blocks, this.#length);
    this.clear();
    return whole;
  }

  /** Hands its blocks on. */
  clear(): void {
    this.#shared.give(this.#blocks);
    this.#blocks = [];
    this.#length = 0;
  }
}
