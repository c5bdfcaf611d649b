/** Rows go to Postgres as they are, however they were cut, and however slowly it takes them. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import pg from 'pg';
import { connectionOf } from '../../src/postgres/sql-client.ts';
import { knownColumnList } from '../../src/store/column-lists.ts';
import { copyRows, joinSmall } from '../../src/store/copy.ts';
import { closeAfter } from '../support/close-after.ts';
import { startTestPostgres } from '../support/postgres.ts';

const postgres = await startTestPostgres();
after(() => postgres.stop());

/** A proxy that takes a few bytes at a time of what clients send, so that their sockets hold most of it back. */
async function startNarrowProxy(port: number): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(port, '127.0.0.1');
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    target.pipe(client);
    client.on('data', (chunk) => {
      client.pause();
      target.write(chunk, () => setImmediate(() => client.resume()));
    });
    client.on('close', () => target.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Rows of all different bytes, in buffers of so many rows each. */
function rowsIn(sizes: readonly number[]): Buffer[] {
  let n = 0;
  return sizes.map((count) => {
    let text = '';
    for (let i = 0; i < count; i++, n++)
      text += `${n.toString(16).padStart(8, '0')}-0000-7000-8000-000000000000\tp${n}\tm${n}\t2026-06-15T12:00:00.000Z\t\\N\t2026-06-15T12:00:00.000Z\t\\N\n`;
    return Buffer.from(text);
  });
}

test('small buffers, large ones and both in turn arrive as they were', async (t) => {
  const url = new URL(await postgres.createDatabase());
  const proxy = await startNarrowProxy(Number(url.port));
  closeAfter(t, () => proxy.close());
  url.port = String(proxy.port);
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  t.after(() => client.end());
  await client.query('create temporary table usages_staged (like usages)');
  const columns = knownColumnList('id,patient_id,medication,used_at,utc_offset,received_at,attributes')!;
  const few = Array.from({ length: 400 }, (_, i) => 1 + (i % 60));
  const mixed = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? 400 : i % 7 === 0 ? 1_500 : 90));
  for (const sizes of [few, mixed, [700, 1, 700, 1, 2], [1]]) {
    const buffers = rowsIn(sizes);
    const rows = sizes.reduce((sum, count) => sum + count, 0);
    await client.query('truncate pg_temp.usages_staged');
    assert.equal(await copyRows(connectionOf(client), 'pg_temp.usages_staged', columns, buffers), rows);
    const { rows: found } = await client.query(
      `select md5(string_agg(id || patient_id || medication, '' order by id)) as md5 from pg_temp.usages_staged`,
    );
    const hash = createHash('md5');
    for (const line of Buffer.concat(buffers).toString().trimEnd().split('\n'))
      hash.update(line.split('\t').slice(0, 3).join(''));
    assert.equal(found[0].md5, hash.digest('hex'));
  }
});

test('what a chunk holds is not touched before the next one is asked for, nor later where it is small', () => {
  const buffers = rowsIn([200, 200, 30, 700, 30, 700, 10, 10]);
  const chunks: { chunk: Buffer; text: string }[] = [];
  for (const chunk of joinSmall(buffers)) chunks.push({ chunk, text: chunk.toString() });
  assert.equal(chunks.map(({ text }) => text).join(''), Buffer.concat(buffers).toString());
  for (const { chunk, text } of chunks) assert.equal(chunk.toString(), text, `${chunk.length} bytes`);
});
