/** A server that hangs is noticed, said and given up, though its sockets stay open; one that takes long is not. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createMemoryLog } from '../support/memory-log.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedRecord } from '../support/usage-records.ts';

const postgres = await startTestPostgres();

async function count(url: string): Promise<number> {
  const [row] = await query<{ n: number }>(url, 'select count(*)::int as n from usages');
  return row!.n;
}

/** A network path to Postgres that swallows everything at will, without closing anything. */
async function startPath(t: TestContext, url: string) {
  const sockets = new Set<Socket>();
  let swallows = false;
  const server = createServer((near) => {
    sockets.add(near);
    near.on('error', () => {});
    if (swallows) return near.pause();
    const far = connect(Number(new URL(url).port), '127.0.0.1');
    sockets.add(far);
    far.on('error', () => near.destroy());
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    near.on('data', (bytes) => swallows || far.write(bytes));
    far.on('data', (bytes) => swallows || near.write(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const through = new URL(url);
  through.port = String((server.address() as { port: number }).port);
  return {
    url: through.toString(),
    swallow(now: boolean) {
      swallows = now;
    },
  };
}

describe('a writer whose Postgres', { concurrency: false }, () => {
  for (const busy of [false, true]) {
    it(`is stopped as a whole while ${busy ? 'a batch is stored' : 'nothing is to be stored'}`, async (t) => {
      const own = await startTestPostgres({ t });
      const url = await own.createDatabase();
      if (busy) {
        await query(
          url,
          'create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return new; end $$',
        );
        await query(url, 'create trigger slow before insert on usages for each row execute function slow()');
      }
      const log = createMemoryLog();
      log.partition('p').append(numberedRecord(0, 2));
      const writer = await startTestWriter(t, log.reader(), url);
      await until(async () => (await count(url)) === 2, { what: 'rows' });
      const inCopy = "select pid from pg_stat_activity where query like 'copy usages%' and state = 'active'";
      if (busy) {
        log.partition('p').append(numberedRecord(10, 20));
        await until(async () => (await query(url, inCopy)).length > 0, { what: 'the batch' });
      }
      const backends = await query<{ pid: number }>(
        url,
        'select pid from pg_stat_activity where pid <> pg_backend_pid()',
      );
      const pids = [own.pid, ...backends.map(({ pid }) => pid)];
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      try {
        await until(() => writer.logged.count('postgres_away') === 1, { what: 'the server to be missed' });
        assert.equal(await writer.metric('usage_postgres_up'), 0);
      } finally {
        for (const pid of pids) process.kill(pid, 'SIGCONT');
      }
      log.partition('p').append(numberedRecord(100, 1));
      await until(async () => (await count(url)) === (busy ? 23 : 3), { what: 'all rows' });
      assert.equal(writer.logged.count('postgres_back'), 1);
    });
  }

  it('is behind a network path that swallows everything', async (t) => {
    const url = await postgres.createDatabase();
    const path = await startPath(t, url);
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 10));
    const writer = await startTestWriter(t, log.reader(), path.url);
    await until(async () => (await count(url)) === 10, { what: 'rows' });
    path.swallow(true);
    log.partition('p').append(numberedRecord(10, 10));
    await until(() => writer.logged.count('postgres_away') === 1, { what: 'the server to be missed' });
    path.swallow(false);
    await until(async () => (await count(url)) === 20, { what: 'all rows' });
    assert.equal(writer.logged.count('postgres_back'), 1);
  });

  it('answers new connections and not the one that it has: that one alone is given up', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 10));
    const writer = await startTestWriter(t, log.reader(), url, { USAGE_WRITER_CONNECTIONS: '1' });
    await until(async () => (await count(url)) === 10, { what: 'rows' });
    const [backend] = await query<{ pid: number }>(
      url,
      "select pid from pg_stat_activity where application_name = 'usage-ingest writer'",
    );
    process.kill(backend!.pid, 'SIGSTOP');
    t.after(() => process.kill(backend!.pid, 'SIGCONT'));
    log.partition('p').append(numberedRecord(10, 10));
    await until(async () => (await count(url)) === 20, { what: 'the rest' });
    assert.equal(writer.logged.count('postgres_away'), 1);
  });

  it('takes long for a batch: it is waited for', async (t) => {
    const url = await postgres.createDatabase();
    await query(
      url,
      'create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(2); return new; end $$',
    );
    await query(url, 'create trigger slow before insert on usages for each row execute function slow()');
    const log = createMemoryLog();
    log.partition('p').append(numberedRecord(0, 3));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(url)) === 3, { what: 'rows' });
    assert.equal(writer.logged.count('postgres_away') + writer.logged.count('store_failing'), 0);
  });
});
