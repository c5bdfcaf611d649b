/**
 * What a usage takes in bytes: on the wire, in the local log, in Postgres and in its write-ahead log, each counted
 * where it lies, on a server of this tree's own.
 */

import { connect } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { startTreeServer, type TreeServer } from './compare/tree-server.ts';
import { startLoad } from './load/load.ts';
import { makeRequests, type PayloadForm, usagesPerRequest } from './load/payload.ts';
import type { Sizes } from './result.ts';
import { rowOf } from './usages.ts';

/** Enough that the index has its shape; it is a moment's work. */
const bulkRequests = 2_000;
const singleRequests = 20_000;
const connections = 64;
const answerBytesMax = 1 << 20;

/** Takes some seconds. @throws Error where the server acknowledged less than it was sent */
export async function measureSizes(): Promise<Sizes> {
  const server = await startTreeServer(join(import.meta.dirname, '..'));
  try {
    return await measureOn(server);
  } finally {
    await server.stop();
  }
}

async function measureOn(server: TreeServer): Promise<Sizes> {
  const wire = { single: await exchange(server.url, 'single'), batch: await exchange(server.url, 'array') };
  let sent = 1 + usagesPerRequest('array');
  await server.settle(sent);
  const client = new pg.Client({ connectionString: await server.databaseUrl() });
  const load = await startLoad();
  try {
    await client.connect();
    const post = async (form: PayloadForm, requests: number) => {
      const answered = await load.run({
        url: server.url,
        form,
        connections,
        pace: { kind: 'closed', requests },
      });
      if (answered.requests !== requests)
        throw new Error(`${answered.requests} of ${requests} requests were acknowledged: no sizes`);
      sent += requests * usagesPerRequest(form);
      await server.settle(sent);
    };
    const empty = await kept(client);
    await post('single', singleRequests);
    const singles = await kept(client);
    await post('array', bulkRequests);
    const full = await kept(client);
    const bulk = bulkRequests * usagesPerRequest('array');
    return {
      usages: sent,
      rowBytes: Buffer.byteLength(rowOf(0, '2026-06-15 12:00:00.000+00')),
      // As single usages come, in the smallest groups.
      logBytes: (singles.logBytes - empty.logBytes) / singleRequests,
      tableBytes: (full.tableBytes - singles.tableBytes) / bulk,
      indexBytes: (full.indexBytes - singles.indexBytes) / bulk,
      walBytes: (full.walBytes - singles.walBytes) / bulk,
      requestBytes: { single: wire.single.sent, batch: wire.batch.sent / usagesPerRequest('array') },
      answerBytes: { single: wire.single.got, batch: wire.batch.got / usagesPerRequest('array') },
    };
  } finally {
    await client.end();
    await load.stop();
  }
}

/** A local log's positions are bytes, however large its files were made beforehand. */
async function kept(client: pg.Client) {
  const { rows } = await client.query<Record<string, string>>(`
    select
      (select coalesce(sum(position), 0) from log_positions) as log,
      coalesce(sum(pg_table_size(inhrelid)), 0) as tables,
      coalesce(sum(pg_indexes_size(inhrelid)), 0) as indexes,
      pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as wal
    from pg_inherits where inhparent = 'usages'::regclass`);
  const [row] = rows;
  return {
    logBytes: Number(row!.log),
    tableBytes: Number(row!.tables),
    indexBytes: Number(row!.indexes),
    walBytes: Number(row!.wal),
  };
}

/** TCP payload of one request of the form and of its answer. */
function exchange(url: string, form: PayloadForm): Promise<{ sent: number; got: number }> {
  const target = new URL(url);
  const [request] = makeRequests(form, target, false);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(target.port), target.hostname, () => socket.write(request!));
    let answer = Buffer.alloc(0);
    socket.once('error', reject);
    socket.once('close', () =>
      reject(new Error('the server closed the connection before its answer was whole')),
    );
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      const head = answer.indexOf('\r\n\r\n');
      if (answer.length > answerBytesMax) socket.destroy(new Error('the answer has no end'));
      if (head < 0) return;
      const length = /content-length: (\d+)/i.exec(answer.toString('latin1', 0, head))?.[1];
      if (length === undefined || answer.length < head + 4 + Number(length)) return;
      if (!answer.toString('latin1', 0, 12).endsWith(' 201')) reject(new Error('the answer was no 201'));
      resolve({ sent: request!.length, got: answer.length });
      socket.destroy();
    });
  });
}
