/** COPY of bytes that are COPY text already: nothing is parsed, nothing is done per row. */

import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { ColumnList } from './column-lists.ts';

/** Where rows are copied to: constants of ours, safe to stand in SQL. */
export type CopyTarget = 'usages' | 'pg_temp.usages_staged';

/**
 * Copies rows, each ended by a line feed, within the transaction at hand.
 * @returns how many rows Postgres took
 * @throws what Postgres answers; the connection stays usable after a rollback
 */
export function copyRows(
  client: pg.Client,
  target: CopyTarget,
  columns: ColumnList,
  rows: Iterable<Buffer>,
): Promise<number> {
  const stream = client.query(
    copyFrom(`copy ${target} (${columns.sql}) from stdin with (format text, encoding 'UTF8')`),
  );
  const chunks = joinSmall(rows);
  return new Promise((resolve, reject) => {
    let failed = false;
    stream.on('error', (error) => {
      failed = true;
      reject(error);
    });
    stream.on('finish', () => resolve(stream.rowCount));
    // One chunk at a time: the stream must have none left when an error comes, because it would then write to
    // a connection that it let go of. It also bounds what waits in the socket.
    const writeNext = () => {
      if (failed) return;
      const chunk = chunks.next();
      if (chunk.done) stream.end();
      else stream.write(chunk.value, writeNext);
    };
    writeNext();
  });
}

/** Smaller buffers are joined: each write has a cost of its own, and at low load a record holds one row. */
const smallBytes = 32 * 1024;
const joinedBytes = 128 * 1024;
/**
 * Of a chunk as large as this pg-copy-streams (pinned) calls back only when its socket has nothing left: it is above
 * what a socket holds back before it asks to wait (16 or 64 KiB, by Node's version).
 */
const takenWholeBytes = 96 * 1024;

/** Joins small buffers; large ones pass as they are. A large chunk of them is overwritten once the next is asked for. */
export function* joinSmall(buffers: Iterable<Buffer>): Generator<Buffer, void, void> {
  let joined: Buffer | null = null;
  let bytes = 0;
  for (const buffer of buffers) {
    if (joined && bytes > 0 && (buffer.length >= smallBytes || bytes + buffer.length > joinedBytes)) {
      yield joined.subarray(0, bytes);
      // Used anew only when its bytes have surely gone.
      if (bytes < takenWholeBytes) joined = null;
      bytes = 0;
    }
    if (buffer.length >= smallBytes) yield buffer;
    else {
      joined ??= Buffer.allocUnsafeSlow(joinedBytes);
      bytes += buffer.copy(joined, bytes);
    }
  }
  if (joined && bytes > 0) yield joined.subarray(0, bytes);
}
