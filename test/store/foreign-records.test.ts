/** What no front made: it ends as dead letters by itself, and whatever follows it is stored. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deadLettersReplay } from '../../src/commands/dead-letters.ts';
import { knownColumnList } from '../../src/store/column-lists.ts';
import { areInstantsOurs, monthWindow } from '../../src/store/instants.ts';
import { usageColumns } from '../../src/usage/row.ts';
import { keptStreams } from '../support/command-streams.ts';
import { createMemoryLog, type MemoryPartition } from '../support/memory-log.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { startTestWriter } from '../support/test-writer.ts';
import { until } from '../support/until.ts';
import { numberedId, numberedRecord, type TestRecord, testRecord } from '../support/usage-records.ts';

const postgres = await startTestPostgres();
const columns = knownColumnList(usageColumns)!;
const usedAt = columns.names.indexOf('used_at');
const receivedAt = columns.names.indexOf('received_at');

/** Three usages, in the first of which a field has another text. */
function recordWith(field: number, text: string, months?: number[]): TestRecord {
  const { header, rows } = numberedRecord(5, 3);
  const [first, ...rest] = rows.toString().split('\n');
  const fields = first!.split('\t');
  fields[field] = text;
  const changed = [fields.join('\t'), ...rest].join('\n');
  return { header: months ? { ...header, months } : header, rows: Buffer.from(changed) };
}

async function run(t: Parameters<typeof startTestWriter>[0], fill: (part: MemoryPartition) => void) {
  const url = await postgres.createDatabase();
  const log = createMemoryLog();
  const own = log.partition('p');
  own.append(numberedRecord(0, 3));
  fill(own);
  own.append(numberedRecord(1_000, 3));
  const writer = await startTestWriter(t, log.reader(), url);
  await until(() => own.storedPosition === own.end, { what: 'everything to be passed' });
  assert.equal(writer.logged.count('store_failing') + writer.logged.count('partition_stopped'), 0);
  const [row] = await query<{ usages: number; letters: number }>(
    url,
    'select (select count(*)::int from usages) as usages, (select count(*)::int from dead_letters) as letters',
  );
  const tables = await query<{ name: string }>(
    url,
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'usages'::regclass and inhrelid::regclass::text not like 'usages_20%'",
  );
  assert.deepEqual(tables, [], 'no table for a month outside the window');
  return { url, writer, ...row! };
}

describe('what no front made', { concurrency: false }, () => {
  const texts = [
    'infinity',
    '-infinity',
    'now',
    'tomorrow',
    'epoch',
    'today',
    '10000-01-01T00:00:00.000Z',
    '0044-03-15T00:00:00.000Z BC',
    '0001-01-01T00:00:00.000Z',
    '1999-12-31T23:59:59.999Z',
    '9999-12-31T23:59:59.999Z',
    '2016-11-01',
    '\\N',
  ];
  it('as the instant of a usage: that line alone, without a table for its month', async (t) => {
    const { url, usages, letters } = await run(t, (part) => {
      for (const text of texts) part.append(recordWith(usedAt, text));
    });
    assert.deepEqual({ usages, letters }, { usages: 8, letters: texts.length });
    const errors = await query<{ error: string; n: number }>(
      url,
      'select error, count(*)::int as n from dead_letters group by 1',
    );
    assert.deepEqual(errors, [{ error: 'an instant that no front writes', n: texts.length }]);
    // A replay does not store it either.
    const streams = keptStreams();
    assert.equal(await deadLettersReplay(url, 'all', streams), 1);
    assert.match(streams.said.stderr, /not one that a front writes/);
    assert.equal((await query(url, 'select 1 from usages')).length, 8);
  });

  it('as the instant of receipt: that line alone', async (t) => {
    const { usages, letters } = await run(t, (part) => part.append(recordWith(receivedAt, 'now')));
    assert.deepEqual({ usages, letters }, { usages: 8, letters: 1 });
  });

  it('as months of a header: the record as a whole', async (t) => {
    const months = [1999 * 12 + 11, 9_999 * 12, monthWindow(Date.now()).last + 1];
    const { usages, letters } = await run(t, (part) => {
      for (const month of months) part.append(testRecord([{ id: numberedId(5) }], { months: [month] }));
    });
    assert.deepEqual({ usages, letters }, { usages: 6, letters: 3 });
  });

  it('by the hundred: each message by itself, as many as there are, beside miscounted records', async (t) => {
    const { writer, usages, letters } = await run(t, (part) => {
      for (let n = 0; n < 300; n += 1) part.appendForeign(Buffer.from('x'.repeat(n)));
      for (let n = 0; n < 20; n += 1) {
        const { header, rows } = numberedRecord(5, 3);
        part.append({ header: { ...header, count: 4 }, rows });
      }
    });
    assert.deepEqual({ usages, letters }, { usages: 6, letters: 320 });
    assert.equal(await writer.metric('usage_dead_letters_total'), 320);
  });

  it('is told from what a front made by one look that leaps over the rest of a row', () => {
    assert.ok(areInstantsOurs(numberedRecord(0, 50).rows, columns));
    for (const text of texts.filter((each) => !/^\d{4}-\d\d-\d\dT.*Z$/.test(each))) {
      assert.equal(areInstantsOurs(recordWith(usedAt, text).rows, columns), false, text);
    }
    for (const text of ['a', 'a\nb\tc', ''])
      assert.equal(areInstantsOurs(Buffer.from(text), columns), text === '', text);
  });
});
