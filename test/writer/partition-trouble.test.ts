/** What each kind of error does to its partition: who waits for whom, what is said, and what is kept. */

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import pg from 'pg';
import { LogGapError } from '../../src/log/log.ts';
import { RecordTooNewError } from '../../src/log/record.ts';
import { PostgresSilentError } from '../../src/postgres/deadline.ts';
import { connector } from '../../src/postgres/sql-client.ts';
import { acceptGap, listGaps } from '../../src/store/gaps.ts';
import { createMonths } from '../../src/store/months.ts';
import { PoisonLimitError } from '../../src/store/poison-limits.ts';
import { loadPosition } from '../../src/store/positions.ts';
import { createSessions, SessionsStoppedError } from '../../src/store/sessions.ts';
import { createPartitionHealth } from '../../src/writer/partition-health.ts';
import {
  createPartitionTrouble,
  LogReadError,
  LostSessionError,
} from '../../src/writer/partition-trouble.ts';
import { createWriterMetrics } from '../../src/writer/writer-metrics.ts';
import { loggedEvents } from '../support/logged-events.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const postgres = await startTestPostgres();
const key = { source: 'local:a', partition: 'p' };
/** Longer than any test: who waits so long waits for somebody. */
const probeEveryMs = 600_000;

async function setUp(t: TestContext, { halvings = 0, probe = probeEveryMs } = {}) {
  const url = await postgres.createDatabase();
  const connect = connector(url);
  const logged = loggedEvents();
  const metrics = createWriterMetrics();
  const health = createPartitionHealth(logged, metrics);
  const sessions = createSessions({
    connect,
    connections: 1,
    logger: logged,
    onReachable: () => {},
    prepare: async () => {},
  });
  t.after(() => sessions.stop());
  const client = new pg.Client(url);
  await client.connect();
  t.after(() => client.end());
  let left = halvings;
  const context = {
    kind: 'local' as const,
    source: key.source,
    connect,
    lockTimeoutMs: 1_000,
    batchBytesMax: 1,
    gatherMs: 0,
    probeEveryMs: probe,
    sessions,
    months: createMonths({ logger: logged, lockTimeoutMs: 1_000 }),
    health,
    metrics,
    logger: logged,
    onOvertaken: () => {},
  };
  const trouble = createPartitionTrouble(key, context, () => {
    left -= 1;
    return left >= 0;
  });
  const stop = new AbortController();
  t.after(() => stop.abort());
  const stopped = async () => {
    const { values } = await metrics.metric.usage_partitions_stopped.get();
    return Object.fromEntries(
      values.filter(({ value }) => value > 0).map(({ labels }) => [labels.reason, 1]),
    );
  };
  /** Begins to wait; `over` is true once it is. */
  const wait = (error: unknown) => {
    const reopen = new AbortController();
    const waiting = { over: false, reopen, done: Promise.resolve() };
    waiting.done = trouble.wait(error, stop.signal, reopen.signal).then(() => {
      waiting.over = true;
    });
    return waiting;
  };
  return { url, client, logged, metrics, trouble, stop, stopped, wait };
}

const gapError = () => new LogGapError(100, 200, 'damaged', 'bytes do not match their CRC');
const cancelled = () => Object.assign(new pg.DatabaseError('', 0, 'error'), { code: '57014' });

describe('a partition in trouble', { concurrency: false }, () => {
  it('keeps a gap once, and waits until somebody acted; accepted and still there, it is passed once', async (t) => {
    const { client, logged, metrics, trouble, stopped, wait } = await setUp(t);
    for (let found = 0; found < 2; found += 1) {
      const waiting = wait(gapError());
      await until(() => trouble.waitsForOperator(), { what: 'the wait' });
      assert.equal(waiting.over, false);
      waiting.reopen.abort();
      await waiting.done;
      assert.equal(trouble.waitsForOperator(), false);
    }
    const [gap, more] = await listGaps(client);
    assert.equal(more, undefined);
    assert.equal((await metrics.metric.usage_log_gaps_total.get()).values[0]!.value, 1);
    assert.equal(logged.count('log_gap_found'), 1);
    assert.deepEqual(await stopped(), { gap: 1 });
    await acceptGap(client, gap!, 200, 'Ada');
    await wait(gapError()).done;
    assert.deepEqual(await loadPosition(client, key), { position: 200, lastCrc: null });
    assert.equal(logged.count('log_gap_passed'), 1);
    // The acceptance is used up.
    const again = wait(gapError());
    await until(() => trouble.waitsForOperator(), { what: 'the wait for another acceptance' });
    again.reopen.abort();
    await again.done;
    assert.equal((await listGaps(client)).length, 2);
    trouble.well();
    assert.deepEqual(await stopped(), {});
    assert.equal(logged.count('partition_resumed'), 1);
  });

  it('whose gap cannot be kept says so and is opened anew, where the gap is found again', async (t) => {
    const { url, logged, trouble, wait } = await setUp(t);
    await query(url, 'alter table log_gaps rename to elsewhere');
    await wait(gapError()).done;
    assert.equal(logged.count('store_failing'), 1);
    assert.equal(logged.count('log_gap_found'), 0);
    assert.equal(trouble.waitsForOperator(), false);
  });

  for (const { error, reason } of [
    { error: new RecordTooNewError(7, 99), reason: 'too_new' },
    { error: new PoisonLimitError('over 100', '23514 constraint x'), reason: 'poison' },
  ]) {
    it(`stops with what to do (${reason}), once, and tries again now and then or when it is opened anew`, async (t) => {
      const { logged, stopped, trouble, wait } = await setUp(t);
      for (let turn = 0; turn < 2; turn += 1) {
        const waiting = wait(error);
        await until(() => logged.count('partition_stopped') === 1, { what: 'the stop' });
        assert.equal(waiting.over, false);
        waiting.reopen.abort();
        await waiting.done;
      }
      assert.equal(logged.count('partition_stopped'), 1);
      assert.deepEqual(await stopped(), { [reason]: 1 });
      assert.equal(trouble.waitsForOperator(), false, 'the watch over gaps has nothing to look for');
      const quick = await setUp(t, { probe: 10 });
      await quick.wait(error).done;
    });
  }

  it('halves a batch that takes too long, silently, while it can; then it is a failure as others', async (t) => {
    const { logged, wait } = await setUp(t, { halvings: 2 });
    await wait(cancelled()).done;
    await wait(new PostgresSilentError(1)).done;
    assert.deepEqual(logged.entries, []);
    await wait(cancelled()).done;
    assert.equal(logged.count('store_failing'), 1);
  });

  it('tells a failure once, not at every try, and its end; of a lost connection the sessions tell', async (t) => {
    const { logged, trouble, wait } = await setUp(t);
    await wait(new LostSessionError('lost')).done;
    assert.deepEqual(logged.entries, []);
    await wait(new Error('unknown')).done;
    await wait(new Error('unknown')).done;
    assert.equal(logged.count('store_failing'), 1);
    trouble.well();
    trouble.well();
    assert.equal(logged.count('store_recovered'), 1);
    await wait(new LogReadError('unreadable')).done;
    assert.equal(logged.count('log_read_failing'), 1);
    assert.equal(logged.count('store_failing'), 1);
  });

  it('waits for nothing when it is to end', async (t) => {
    const { logged, stop, wait } = await setUp(t);
    await wait(new SessionsStoppedError('stopped')).done;
    const waiting = [wait(new RecordTooNewError(7, 99)), wait(gapError())];
    stop.abort();
    for (const { done } of waiting) await done;
    await wait(new Error('unknown')).done;
    assert.equal(logged.count('store_failing'), 0);
  });
});
