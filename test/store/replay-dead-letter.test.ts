import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deadLettersList, deadLettersReplay } from '../../src/commands/dead-letters.ts';
import { keptStreams, linesOf } from '../support/command-streams.ts';
import { createMemoryLog } from '../support/memory-log.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedId, numberedRecord, testRecord } from '../support/usage-records.ts';

const postgres = await startTestPostgres();
const secret = 'Secretpatient';

async function count(url: string): Promise<number> {
  const [row] = await query<{ n: number }>(url, 'select count(*)::int as n from usages');
  return row!.n;
}

describe('dead letters', { concurrency: false }, () => {
  it('are listed without values, replayed once mended, and stay while they are not', async (t) => {
    const url = await postgres.createDatabase();
    await query(url, `alter table usages add constraint no_secrets check (patient_id not like 'Secret%')`);
    const log = createMemoryLog();
    const part = log.partition('p');
    part.append(
      testRecord([
        { id: numberedId(1) },
        { id: numberedId(2), patientId: secret, usedAtMs: Date.UTC(2001, 1, 1) },
        { id: numberedId(3), patientId: secret },
      ]),
    );
    part.append(numberedRecord(10, 2));
    part.appendForeign(Buffer.from('something else'));
    part.append({ ...numberedRecord(20, 3), header: { ...numberedRecord(20, 3).header, count: 4 } });
    await startTestWriter(t, log.reader(), url);
    await until(() => part.storedPosition === part.end, { what: 'the end' });
    assert.equal(await count(url), 3);

    const listed = keptStreams();
    assert.equal(await deadLettersList(url, listed), 0);
    assert.equal(linesOf(listed.said.stdout).length, 2 + 4);
    assert.ok(!listed.said.stdout.includes(secret));
    assert.match(listed.said.stdout, /23514 constraint no_secrets/);

    const letters = await query<{ id: string; error: string }>(url, 'select id, error from dead_letters');
    const refused = letters.filter(({ error }) => error.includes('no_secrets')).map(({ id }) => Number(id));
    const early = keptStreams();
    assert.equal(await deadLettersReplay(url, refused, early), 1);
    assert.equal(linesOf(early.said.stderr).length, 2);
    assert.ok(
      linesOf(early.said.stderr).every((line) => /still refused \(23514 constraint no_secrets\)/.test(line)),
    );
    assert.equal(await count(url), 3);

    await query(url, 'alter table usages drop constraint no_secrets');
    // Its month is gone meanwhile.
    await query(url, 'drop table usages_2001_02');
    assert.equal(await deadLettersReplay(url, refused, keptStreams()), 0);
    assert.equal(await count(url), 5);
    const again = keptStreams();
    assert.equal(await deadLettersReplay(url, refused.slice(0, 1), again), 1);
    assert.match(again.said.stderr, /no such dead letter/);

    // The miscounted record is whole: its rows are stored. What is none of ours stays.
    const all = keptStreams();
    assert.equal(await deadLettersReplay(url, 'all', all), 1);
    assert.equal(await count(url), 8);
    assert.equal(linesOf(all.said.stdout).length, 1);
    assert.match(all.said.stderr, /no row of usages/);
    const [left] = await query<{ n: number }>(
      url,
      'select count(*)::int as n from dead_letters where replayed_at is null',
    );
    assert.equal(left!.n, 1);
  });

  it('of a database that is away, or empty, say so', async () => {
    const none = keptStreams();
    assert.equal(await deadLettersList('postgres://127.0.0.1:1/none', none), 1);
    assert.match(none.said.stderr, /ECONNREFUSED/);
    const empty = keptStreams();
    assert.equal(await deadLettersList(postgres.url, empty), 1);
    assert.match(empty.said.stderr, /migrate/);
  });
});
