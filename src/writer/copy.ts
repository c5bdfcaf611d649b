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

const chunkBytesMin = 128 * 1024;

/** Joins small buffers: each write has a cost of its own, and at low load a record holds one row. */
export function* joinSmall(buffers: Iterable<Buffer>): Generator<Buffer, void, void> {
  let small: Buffer[] = [];
  let bytes = 0;
  for (const buffer of buffers) {
    small.push(buffer);
    bytes += buffer.length;
    if (bytes < chunkBytesMin) continue;
    yield small.length === 1 ? buffer : Buffer.concat(small, bytes);
    small = [];
    bytes = 0;
  }
  if (bytes > 0) yield small.length === 1 ? (small[0] as Buffer) : Buffer.concat(small, bytes);
}
