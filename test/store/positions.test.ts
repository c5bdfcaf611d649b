import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import pg from 'pg';
import {
  positionsAcceptGap,
  positionsList,
  positionsSkip,
  type SkipArguments,
} from '../../src/commands/positions.ts';
import { createLocalReader } from '../../src/log/local/reader.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { loadPosition, takePosition } from '../../src/store/positions.ts';
import { keptStreams, linesOf } from '../support/command-streams.ts';
import { createMemoryLog } from '../support/memory-log.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedRecord } from '../support/usage-records.ts';
import { createTestLog } from '../support/writer-process.ts';

const postgres = await startTestPostgres();

async function count(url: string): Promise<number> {
  const [row] = await query<{ n: number }>(url, 'select count(*)::int as n from usages');
  return row!.n;
}

async function gaps(url: string) {
  return query(url, 'select * from log_gaps order by id');
}

describe('positions', { concurrency: false }, () => {
  it('of a log that was made anew are not those of the old one, where their numbers are the same', async (t) => {
    const client = new pg.Client(await postgres.createDatabase());
    await client.connect();
    t.after(() => client.end());
    const key = { source: 'kafka:c/usages', partition: '0' };
    assert.ok(await takePosition(client, key, null, 100, 111));
    // The topic is made anew and read up to 100 again, while a writer of the old one holds what comes after 100.
    assert.ok(await takePosition(client, key, { position: 100, lastCrc: 111 }, 50, 150));
    assert.ok(await takePosition(client, key, { position: 50, lastCrc: 150 }, 100, 222));
    assert.equal(await takePosition(client, key, { position: 100, lastCrc: 111 }, 120, 333), false);
    assert.deepEqual(await loadPosition(client, key), { position: 100, lastCrc: 222 });
  });

  it('of a gap in the log: the partition stops loudly, others go on, accepted it goes on', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const part = log.partition('p');
    part.append(numberedRecord(0, 10));
    const from = part.end;
    part.appendGap();
    const to = part.end;
    part.append(numberedRecord(20, 10));
    const first = await startTestWriter(t, log.reader(), url);
    await until(() => first.logged.count('log_gap_found') === 1, { what: 'the gap' });
    log.partition('q').append(numberedRecord(100, 10));
    await until(async () => (await count(url)) === 20, { what: 'the other partition' });
    assert.equal(await first.metric('usage_log_gaps_total'), 1);
    await first.stop();

    // Kept over a restart, once.
    const second = await startTestWriter(t, log.reader(), url);
    await until(() => second.logged.count('log_gap_found') === 1, { what: 'the gap again' });
    assert.equal(await second.metric('usage_log_gaps_total'), 0, 'no new one');
    assert.equal(await second.metric('usage_partitions_stopped'), 1);
    const [gap, more] = await gaps(url);
    assert.equal(more, undefined);
    assert.deepEqual(
      [gap!.partition, gap!.reason, Number(gap!.from_position), Number(gap!.to_position)],
      ['p', 'damaged', from, to],
    );

    const listed = keptStreams();
    assert.equal(await positionsList(url, listed), 0);
    assert.match(
      listed.said.stdout,
      new RegExp(`p +\\| +${from} .*gap ${gap!.id} \\(damaged, ${from} to ${to}`),
    );
    const wrong = keptStreams();
    assert.equal(await positionsAcceptGap(url, { partition: 'nobody' }, wrong), 1);
    assert.equal(linesOf(wrong.said.stderr).length, 1);
    assert.equal(await positionsAcceptGap(url, { partition: 'p', by: 'Ada' }, keptStreams()), 0);
    await until(async () => (await count(url)) === 30, { what: 'the rows behind the gap' });
    assert.equal(second.logged.count('log_gap_accepted'), 1);
    await until(async () => (await second.metric('usage_partitions_stopped')) === 0, { what: 'the resume' });
    const [accepted] = await gaps(url);
    assert.equal(accepted!.accepted_by, 'Ada');
    assert.equal(await positionsAcceptGap(url, { gap: Number(gap!.id) }, keptStreams()), 1);
  });

  it('of a gap that was brought back before it was accepted: nothing of it is skipped', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const part = log.partition('p');
    part.append(numberedRecord(0, 10));
    part.appendGap(numberedRecord(10, 10));
    part.append(numberedRecord(20, 10));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(() => writer.logged.count('log_gap_found') === 1, { what: 'the gap' });
    part.bringBack();
    assert.equal(await positionsAcceptGap(url, { partition: 'p' }, keptStreams()), 0);
    await until(async () => (await count(url)) === 30, { what: 'all rows' });
    assert.equal(writer.logged.count('log_gap_passed'), 0);
    // The acceptance is used up at the next open: it serves for no other gap.
    await writer.stop();
    await startTestWriter(t, log.reader(), url);
    await until(async () => (await gaps(url))[0]!.resumed_at !== null, { what: 'the acceptance to end' });
  });

  it('of a record that no release can read: one that an operator skips is passed, and nothing else', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const part = log.partition('p');
    part.append(numberedRecord(0, 10));
    const from = part.end;
    part.appendTooNew();
    const to = part.end;
    part.append(numberedRecord(20, 10));
    const writer = await startTestWriter(t, log.reader(), url);
    await until(() => writer.logged.count('partition_stopped') === 1, { what: 'the stop' });
    assert.match(writer.logged.text(), new RegExp(`positions skip --partition p --from ${from} --to`));
    const skip = (options: Partial<SkipArguments>) =>
      positionsSkip(url, { partition: 'p', from, to, by: 'Ada', ...options }, keptStreams());
    assert.equal(await skip({ from: from - 1 }), 1, 'it is not there');
    assert.equal(await skip({ to: from }), 64);
    assert.equal(await skip({ partition: 'nobody' }), 64);
    assert.equal(await count(url), 10);
    assert.equal(await skip({}), 0);
    await until(async () => (await count(url)) === 20, { what: 'the rows behind it' });
    assert.equal(await skip({}), 1, 'it went on');
    const [gap, more] = await gaps(url);
    assert.deepEqual([gap!.reason, gap!.accepted_by, Number(gap!.to_position)], ['skipped', 'Ada', to]);
    assert.equal(more, undefined);
    const audit = await query(url, 'select actor, action, subject, detail from audit_log');
    const subject = `${log.source} p`;
    assert.deepEqual(audit, [{ actor: 'Ada', action: 'records_skipped', subject, detail: { from, to } }]);
  });

  it('missing, while the beginning of the log is gone, is a gap', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const part = log.partition('p');
    part.append(numberedRecord(0, 10), numberedRecord(10, 10));
    part.trim(1);
    const writer = await startTestWriter(t, log.reader(), url);
    await until(() => writer.logged.count('log_gap_found') === 1, { what: 'the gap' });
    assert.equal((await gaps(url))[0]!.reason, 'beginning_gone');
    assert.equal(await count(url), 0);
    assert.equal(await positionsAcceptGap(url, {}, keptStreams()), 0);
    await until(async () => (await count(url)) === 10, { what: 'what is left' });
  });

  it('before what another log wrote, or outside of it, is a gap: nothing is taken for stored', async (t) => {
    const url = await postgres.createDatabase();
    const log = createMemoryLog();
    const part = log.partition('p');
    part.append(numberedRecord(0, 10));
    const first = await startTestWriter(t, log.reader(), url);
    await until(async () => (await count(url)) === 10, { what: 'rows' });
    await first.stop();

    const other = createMemoryLog(log.source);
    other.partition('p').append(numberedRecord(500, 10, { patientId: 'patienx' }), numberedRecord(600, 10));
    const second = await startTestWriter(t, other.reader(), url);
    await until(() => second.logged.count('log_gap_found') === 1, { what: 'the mismatch' });
    assert.equal((await gaps(url))[0]!.reason, 'mismatch');
    assert.equal(await positionsAcceptGap(url, {}, keptStreams()), 0);
    await until(async () => (await count(url)) === 30, { what: 'all that the other log holds' });
    await second.stop();

    const shorter = createMemoryLog(log.source);
    shorter.partition('p').append(numberedRecord(900, 1));
    const third = await startTestWriter(t, shorter.reader(), url);
    await until(() => third.logged.count('log_gap_found') === 1, { what: 'the shorter log' });
    assert.equal((await gaps(url))[1]!.reason, 'out_of_range');
    await third.stop();

    // Past the end of a partition that has ended is normal.
    await query(url, 'delete from log_gaps');
    shorter.partition('p').finish();
    const fourth = await startTestWriter(t, shorter.reader(), url);
    shorter.partition('q').append(numberedRecord(950, 1));
    await until(async () => (await count(url)) === 31, { what: 'the other partition' });
    await until(async () => (await fourth.metric('usage_log_backlog_records')) === 0, { what: 'the end' });
    assert.equal(fourth.logged.count('log_gap_found'), 0);
  });

  for (const state of ['an older state', 'nothing'] as const) {
    it(`of a database restored to ${state}: the rows come back from the kept log`, async (t) => {
      const url = await postgres.createDatabase();
      const { dataDir, appender, addAppender } = await createTestLog(t);
      const append = async (to: typeof appender, first: number) => {
        const { header, rows } = numberedRecord(first, 100);
        await to.append(header, rows);
      };
      const ended = await addAppender();
      await append(ended, 0);
      await append(appender, 100);
      const reader = createLocalReader({
        logDir: join(dataDir, 'log'),
        keepHours: 1,
        bytesMax: 1024 ** 3,
        segmentBytes: 1024 ** 2,
        logger: silentLogger,
      });
      const writer = await startTestWriter(t, reader, url);
      await until(async () => (await count(url)) === 200, { what: 'the first rows' });
      await query(url, 'create table backup as select * from usages');
      await query(url, 'create table backup_positions as select * from log_positions');
      await append(ended, 200);
      await ended.stop();
      await append(appender, 300);
      await until(async () => (await count(url)) === 400, { what: 'all rows' });

      // While the writer waits for records that do not come.
      await query(url, 'truncate usages, log_positions');
      if (state === 'an older state') {
        await query(url, 'insert into usages select * from backup');
        await query(url, 'insert into log_positions select * from backup_positions');
      }
      await until(async () => (await count(url)) === 400, { what: 'the rows to come back' });
      assert.ok(writer.logged.count('position_moved_back') >= 1);
      assert.deepEqual(await gaps(url), []);
    });
  }

  it('of a database whose tables are gone: they are made again and filled', async (t) => {
    const url = await postgres.createDatabase();
    const { dataDir, appender } = await createTestLog(t);
    const { header, rows } = numberedRecord(0, 100);
    await appender.append(header, rows);
    const reader = createLocalReader({
      logDir: join(dataDir, 'log'),
      keepHours: 1,
      bytesMax: 1024 ** 3,
      segmentBytes: 1024 ** 2,
      logger: silentLogger,
    });
    await startTestWriter(t, reader, url);
    await until(async () => (await count(url)) === 100, { what: 'rows' });
    await query(url, 'drop schema public cascade');
    await query(url, 'create schema public');
    const isBack = () =>
      count(url).then(
        (n) => n === 100,
        () => false,
      );
    await until(isBack, { what: 'the rows to come back' });
  });
});
