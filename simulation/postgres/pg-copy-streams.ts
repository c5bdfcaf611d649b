/** `pg-copy-streams` as far as the product uses it: COPY ... FROM STDIN. The server sees the rows when all are there. */

import { EventEmitter } from 'node:events';
import { world } from '../world/world.ts';
import type { QueryResult } from './server.ts';

export class CopyStream extends EventEmitter {
  readonly target: string;
  rowCount = 0;
  readonly #chunks: Buffer[] = [];
  #send: (ended: (error: Error | null, result?: QueryResult | null) => void) => void = () => {};

  constructor(target: string) {
    super();
    this.target = target;
  }

  data(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** The client that it was given to is ready to send. */
  begin(send: (ended: (error: Error | null, result?: QueryResult | null) => void) => void): void {
    this.#send = send;
  }

  write(chunk: Buffer, done: () => void): boolean {
    // The product may use the buffer again as soon as it is told.
    this.#chunks.push(Buffer.from(chunk));
    world().scheduler.after(0, done);
    return true;
  }

  end(): void {
    this.#send((error, result) => {
      if (error) {
        this.emit('error', error);
        return;
      }
      this.rowCount = result?.rowCount ?? 0;
      this.emit('finish');
    });
  }
}

export function from(sql: string): CopyStream {
  const found =
    /^copy (usages|pg_temp\.usages_staged) \([a-z_,]+\) from stdin with \(format text, encoding 'UTF8'\)$/.exec(
      sql,
    );
  if (!found) throw new Error(`the simulated Postgres does not know: ${sql}`);
  return new CopyStream(found[1]!);
}
