/** A partition is read on only where its log is still the one that was read: what is not, is a gap, never skipped. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KafkaPartition } from '../../../src/log/kafka/partition.ts';
import { LogGapError } from '../../../src/log/log.ts';
import { labelOf } from '../../support/log-records.ts';
import { VirtualPartition } from '../../support/virtual-partition.ts';

/** Everything from a position up to `end`, as labels. @throws LogGapError */
async function labels(partition: KafkaPartition, from: number, end: number): Promise<string[]> {
  const read: string[] = [];
  for (let at = from; at < end; ) {
    const records = await partition.read(at, 1);
    read.push(...records!.map(labelOf));
    at = records!.at(-1)!.next;
  }
  return read;
}

/** A partition of which `count` records were read, `r0` and so on. */
async function partitionRead(count: number, tells = true): Promise<VirtualPartition> {
  const kafka = new VirtualPartition();
  kafka.tells = tells;
  kafka.append(...Array.from({ length: count }, (_, index) => `r${index}`));
  await labels(kafka.reading, 0, count);
  return kafka;
}

const named = (name: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${name}${from + index}`);

const isGap = (reason: string, from: number, to: number) => (error: unknown) => {
  assert.ok(error instanceof LogGapError);
  assert.deepEqual([error.reason, error.fromPosition, error.toPosition], [reason, from, to]);
  return true;
};

test('as long as the log is the same one, it is read on, and nothing is fetched twice', async () => {
  const kafka = await partitionRead(5);
  kafka.append(...named('r', 5, 9));
  kafka.fetch();
  assert.deepEqual(await labels(kafka.reading, 5, 9), named('r', 5, 9));
  assert.equal(kafka.fetches, 2);
});

for (const tells of [true, false]) {
  const broker = tells ? 'a broker that tells topic ids' : 'a broker that tells none, after a silence';
  /** Longer than what counts as a silence; how long is no matter of the outcome. */
  const silence = () => new Promise((resolve) => setTimeout(resolve, tells ? 0 : 300));

  test(`made anew and refilled past the position: a gap (${broker})`, async () => {
    const kafka = await partitionRead(5, tells);
    await silence();
    kafka.makeAnew();
    kafka.append(...named('n', 0, 8));
    kafka.fetch();
    await assert.rejects(labels(kafka.reading, 5, 8), isGap('mismatch', 5, 0));
    // Until it is opened anew it stays: whoever passes over it once is told again.
    await assert.rejects(labels(kafka.reading, 5, 8), isGap('mismatch', 5, 0));
    await kafka.reading.bounds();
    assert.deepEqual(await labels(kafka.reading, 0, 8), named('n', 0, 8));
  });

  test(`another leader that has the record: no gap, each once (${broker})`, async () => {
    const kafka = await partitionRead(5, tells);
    await silence();
    kafka.lead();
    kafka.append(...named('s', 5, 9));
    kafka.fetch();
    assert.deepEqual(await labels(kafka.reading, 5, 9), named('s', 5, 9));
  });

  test(`cut short by another leader and refilled: a gap (${broker})`, async () => {
    const kafka = await partitionRead(5, tells);
    await silence();
    kafka.lead(3);
    kafka.append(...named('s', 3, 9));
    kafka.fetch();
    await assert.rejects(labels(kafka.reading, 5, 9), isGap('mismatch', 5, 0));
  });
}

test('made anew between the arrival of records and the question: a gap, not those records', async () => {
  const kafka = await partitionRead(5);
  kafka.append(...named('r', 5, 9));
  let asked = 0;
  kafka.beforeTold = () => {
    if (asked++ > 0) return;
    kafka.makeAnew();
    kafka.append(...named('n', 0, 20));
  };
  kafka.fetch();
  await assert.rejects(labels(kafka.reading, 5, 9), isGap('mismatch', 5, 0));
});

test('a leader that was cut short while its records were on the way: those of the new one are read', async () => {
  const kafka = await partitionRead(5);
  kafka.append(...named('r', 5, 9));
  let asked = 0;
  kafka.beforeTold = () => {
    if (asked++ > 0) return;
    kafka.lead(5);
    kafka.append(...named('s', 5, 12));
  };
  kafka.fetch();
  assert.deepEqual(await labels(kafka.reading, 5, 12), named('s', 5, 12));
});

test('made anew and exactly as long as what was read: a gap, although nothing more comes', async () => {
  const kafka = await partitionRead(5);
  kafka.makeAnew();
  kafka.append(...named('n', 0, 5));
  await assert.rejects(labels(kafka.reading, 5, 6), isGap('mismatch', 5, 0));
});

test('made anew and shorter than what was read: a gap', async () => {
  const kafka = await partitionRead(5);
  kafka.makeAnew();
  kafka.append('n0');
  await assert.rejects(labels(kafka.reading, 5, 6), isGap('out_of_range', 5, 0));
});

test('records that are sure are handed over before the gap behind them', async () => {
  const kafka = await partitionRead(5);
  kafka.append(...named('r', 5, 9));
  kafka.fetch();
  assert.deepEqual(await labels(kafka.reading, 5, 6), ['r5']);
  kafka.makeAnew();
  kafka.append(...named('n', 0, 20));
  kafka.fetch();
  assert.deepEqual(await labels(kafka.reading, 6, 9), named('r', 6, 9));
  await assert.rejects(labels(kafka.reading, 9, 20), isGap('mismatch', 9, 0));
});

test('the record before is gone by retention: another leader is no gap, another topic is', async () => {
  for (const isAnew of [false, true]) {
    const kafka = await partitionRead(5);
    if (isAnew) {
      kafka.makeAnew();
      kafka.append(...named('n', 0, 7));
    } else {
      kafka.append(...named('r', 5, 7));
      kafka.lead();
    }
    kafka.removeBefore(5);
    kafka.fetch();
    if (isAnew) await assert.rejects(labels(kafka.reading, 5, 7), isGap('mismatch', 5, 5));
    else assert.deepEqual(await labels(kafka.reading, 5, 7), named('r', 5, 7));
  }
});

test('a record of a foreign transaction is no hole: it is not one of ours', async () => {
  const kafka = await partitionRead(1);
  kafka.appendControl();
  kafka.append('r2');
  kafka.fetch();
  const records = (await kafka.reading.read(1, 1_000))!;
  assert.deepEqual(
    records.map(({ position, header }) => [position, header === null]),
    [
      [1, true],
      [2, false],
    ],
  );
});

test('a broker that does not say keeps records back until it does', async () => {
  const kafka = await partitionRead(1);
  kafka.append('r1');
  let asked = 0;
  kafka.beforeTold = () => {
    if (asked++ < 2) throw new Error('away');
  };
  kafka.fetch();
  assert.deepEqual(await labels(kafka.reading, 1, 2), ['r1']);
  assert.equal(asked, 3);
});
