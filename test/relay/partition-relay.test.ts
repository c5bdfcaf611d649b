/** Where relaying begins and what it brings into Kafka, with a real local log and an appender that only remembers. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LocalPartition } from '../../src/log/local/partition-reader.ts';
import type { LogRecord } from '../../src/log/record.ts';
import { createPartitionRelay } from '../../src/relay/partition-relay.ts';
import { segmentsOf } from '../support/crashed-log.ts';
import { type LocalLog, makeLocalLog } from '../support/local-log.ts';
import { drain, headerOf, rowsOf } from '../support/log-records.ts';
import { loggedEvents } from '../support/logged-events.ts';
import { until } from '../support/until.ts';

const segmentBytes = 1100;

interface Spool {
  readonly log: LocalLog;
  readonly folder: string;
  readonly records: readonly LogRecord[];
}

/** An ended partition of seven records, of which a writer stored the first `stored`. */
async function makeSpool(t: TestContext, stored = 0, keepHours = 24): Promise<Spool> {
  const log = await makeLocalLog(t);
  const appender = await log.appender({ segmentBytes });
  for (let index = 0; index < 7; index += 1) await appender.append(headerOf(), rowsOf(index, 250));
  const folder = appender.partition!;
  await appender.stop();
  const found = await log.reader({ segmentBytes, keepHours });
  const partition = await found.find(folder);
  const records = await drain(partition);
  if (stored > 0) await partition.stored(records[stored - 1]!.next);
  await found.reader.stop();
  return { log, folder, records };
}

/** Relays the partition to its end. @param storedBefore what the database says, at each time it is asked */
async function relay(
  t: TestContext,
  { log, folder }: Spool,
  storedBefore: () => Promise<number | null>,
  change: (partition: LocalPartition) => void = () => {},
) {
  const { reader, find } = await log.reader({ segmentBytes });
  const partition = (await find(folder)) as LocalPartition;
  change(partition);
  const sent: string[] = [];
  const gaps: string[] = [];
  const logger = loggedEvents();
  const relaying = createPartitionRelay({
    partition,
    appender: {
      writable: true,
      async appendRecord(_header, rows) {
        sent.push(rows.toString('latin1').split('\t')[0]!);
        return 'kafka';
      },
    },
    inFlightMax: 1,
    logger,
    storedBefore,
    async settleGap(gap) {
      gaps.push(gap.reason);
      return gap.toPosition;
    },
    onStopped() {},
    onRelayed() {},
  });
  t.after(() => reader.stop());
  const ended = relaying.run();
  return {
    relaying,
    logger,
    async toItsEnd() {
      await ended;
      const relayed = await partition.relayed();
      await reader.stop();
      return { sent, gaps, relayed };
    },
  };
}

const labels = (from: number) => ['0', '1', '2', '3', '4', '5', '6'].slice(from);
const never = async () => assert.fail('the database was asked');

test('what nothing says to be stored goes into Kafka as a whole, and the database is not asked', async (t) => {
  const spool = await makeSpool(t);
  const { sent, gaps, relayed } = await (await relay(t, spool, never)).toItsEnd();
  assert.deepEqual({ sent, gaps }, { sent: labels(0), gaps: [] });
  assert.deepEqual(relayed, { from: 0, to: spool.records.at(-1)!.next });
  assert.deepEqual((await (await relay(t, spool, never)).toItsEnd()).sent, [], 'and once');
});

test("the log's own mark is no proof: a database that was restored to before it gets everything that is held", async (t) => {
  const spool = await makeSpool(t, 5);
  const { sent, relayed } = await (await relay(t, spool, async () => 0)).toItsEnd();
  assert.deepEqual(sent, labels(0));
  assert.equal(relayed.from, 0);
});

test('what the database has need not go round; if it is another database later, it goes after all', async (t) => {
  const spool = await makeSpool(t, 5);
  const stored = spool.records[4]!.next;
  const first = await (await relay(t, spool, async () => stored)).toItsEnd();
  assert.deepEqual(first.sent, labels(5));
  assert.deepEqual(first.relayed, { from: stored, to: spool.records.at(-1)!.next });
  assert.deepEqual((await (await relay(t, spool, async () => stored)).toItsEnd()).sent, []);
  const older = spool.records[1]!.next;
  const again = await (await relay(t, spool, async () => older)).toItsEnd();
  assert.deepEqual(again.sent, labels(2));
  assert.equal(again.relayed.from, older);
});

test('while the database cannot be asked, what is held goes into Kafka as a whole', async (t) => {
  const spool = await makeSpool(t, 5);
  assert.deepEqual((await (await relay(t, spool, async () => null)).toItsEnd()).sent, labels(0));
});

test('a beginning that is gone from the log, and not in the database, is a gap', async (t) => {
  const spool = await makeSpool(t, 5, 0);
  const [held] = await segmentsOf(spool.folder);
  assert.ok(!held!.endsWith(`${'0'.repeat(20)}.log`), 'the first segment is gone');
  const { sent, gaps } = await (await relay(t, spool, async () => 0)).toItsEnd();
  assert.deepEqual({ sent, gaps }, { sent: labels(3), gaps: ['beginning_gone'] });
});

test('a database that has what is gone from the log is believed, although it could not be asked at first', async (t) => {
  const spool = await makeSpool(t, 5, 0);
  const answers = [null, spool.records[4]!.next];
  const { sent, gaps } = await (await relay(t, spool, async () => answers.shift() ?? null)).toItsEnd();
  assert.deepEqual({ sent, gaps }, { sent: labels(5), gaps: [] });
});

test('a mark that cannot be read for a while gives up no partition', async (t) => {
  const spool = await makeSpool(t);
  let refusals = 0;
  const relayed = await relay(t, spool, never, (partition) => {
    const real = partition.relayed.bind(partition);
    partition.relayed = async () => {
      if (refusals === 3) return real();
      refusals += 1;
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };
  });
  await until(() => relayed.logger.count('relay_failing') === 1, { what: 'it is told' });
  assert.equal(relayed.relaying.active(), true);
  assert.deepEqual((await relayed.toItsEnd()).sent, labels(0));
  assert.equal(relayed.logger.count('relay_failing'), 1, 'once');
});
