import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { query, startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { numberedRecord } from '../support/usage-records.ts';
import { createTestLog, spawnWriter } from '../support/writer-process.ts';

const postgres = await startTestPostgres();

async function counts(url: string) {
  const [row] = await query<{ all: number; distinct: number }>(
    url,
    'select count(*)::int as all, count(distinct id)::int as distinct from usages',
  );
  return row!;
}

/** Whether a process stands still, as Linux tells it. */
async function isStopped(pid: number): Promise<boolean> {
  return /^\d+ \(.*\) T /.test(await readFile(`/proc/${pid}/stat`, 'latin1'));
}

describe('a writer process', { concurrency: false }, () => {
  for (const point of ['copied', 'committed'] as const) {
    it(`killed at '${point}' loses and doubles nothing`, async (t) => {
      const url = await postgres.createDatabase();
      const { dataDir, appender } = await createTestLog(t);
      for (let n = 0; n < 10; n += 1) {
        const { header, rows } = numberedRecord(n * 100, 100);
        await appender.append(header, rows);
      }
      const first = spawnWriter(t, dataDir, url, { FAILPOINT: point });
      assert.equal((await first.ended).signal, 'SIGKILL');
      const after = await counts(url);
      assert.equal(after.all > 0, point === 'committed');
      const { header, rows } = numberedRecord(1_000, 50);
      await appender.append(header, rows);
      const second = spawnWriter(t, dataDir, url);
      await until(async () => (await counts(url)).distinct === 1_050, { what: 'all rows' });
      assert.deepEqual(await counts(url), { all: 1_050, distinct: 1_050 });
      // Rows and position are one: nothing that was stored came a second time.
      assert.equal(/poison|store_failing/.test(second.logText()), false);
      second.child.kill('SIGTERM');
      assert.deepEqual(await second.ended, { code: 0, signal: null });
    });
  }

  it('stopped between COPY and COMMIT is overtaken, and harms nothing when it wakes', async (t) => {
    const url = await postgres.createDatabase();
    const { dataDir, appender } = await createTestLog(t);
    const append = async (from: number, count: number) => {
      const { header, rows } = numberedRecord(from, count);
      await appender.append(header, rows);
    };
    await append(0, 500);
    const zombie = spawnWriter(t, dataDir, url, { FAILPOINT: 'copied', FAILPOINT_SIGNAL: 'SIGSTOP' });
    await until(() => isStopped(zombie.pid), { what: 'the writer to stand still' });
    assert.equal((await counts(url)).all, 0);
    await append(500, 500);
    const heir = spawnWriter(t, dataDir, url);
    await until(async () => (await counts(url)).all === 1_000, { what: 'the other to overtake' });
    assert.match(heir.logText(), /writer_blocker_ended/);
    zombie.child.kill('SIGCONT');
    await append(1_000, 500);
    await until(async () => (await counts(url)).all >= 1_500, { what: 'the rest' });
    // Both go on for a while, on the same partition: the compare-and-set alone keeps them apart.
    for (let n = 0; n < 20; n += 1) await append(1_500 + n * 50, 50);
    await until(async () => (await counts(url)).distinct === 2_500, { what: 'all' });
    assert.deepEqual(await counts(url), { all: 2_500, distinct: 2_500 });
  });

  it('two at once on many partitions store each usage once', async (t) => {
    const url = await postgres.createDatabase();
    const log = await createTestLog(t);
    const others = [await log.addAppender(), await log.addAppender()];
    const writers = [spawnWriter(t, log.dataDir, url), spawnWriter(t, log.dataDir, url)];
    let number = 0;
    for (let n = 0; n < 60; n += 1) {
      for (const appender of [log.appender, ...others]) {
        const { header, rows } = numberedRecord(number, 20);
        number += 20;
        await appender.append(header, rows);
      }
    }
    await until(async () => (await counts(url)).distinct === number, { what: 'all rows' });
    assert.deepEqual(await counts(url), { all: number, distinct: number });
    const [letters] = await query<{ n: number }>(url, 'select count(*)::int as n from dead_letters');
    assert.equal(letters!.n, 0);
    // The other one may have stored all before this one listened to signals.
    for (const { child, logText } of writers) {
      await until(() => logText().includes('admin_listening'), { what: 'the writer to have started' });
      child.kill('SIGTERM');
    }
    for (const writer of writers) assert.equal((await writer.ended).code, 0);
  });
});
