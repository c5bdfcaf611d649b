/** What is kept, for how long, and what goes first. */

import assert from 'node:assert/strict';
import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { segmentHeaderBytes } from '../../../src/log/local/segment-format.ts';
import type { LogRecord } from '../../../src/log/record.ts';
import { copyCrashed, flipBit, readUntilGap, segmentsOf } from '../../support/crashed-log.ts';
import { type LocalLog, makeLocalLog } from '../../support/local-log.ts';
import { drain, headerOf, rowsOf } from '../../support/log-records.ts';
import { until } from '../../support/until.ts';

const hourMs = 3_600_000;
/** Three records of `rowsOf(label, 250)` fit. */
const segmentBytes = 1100;

interface Ended {
  readonly log: LocalLog;
  readonly folder: string;
  readonly records: LogRecord[];
}

/** An ended partition of `count` records, three a segment. */
async function ended(t: TestContext, count: number, log?: LocalLog, slot = 0): Promise<Ended> {
  const made = log ?? (await makeLocalLog(t));
  const appender = await made.appender({ segmentBytes, slot });
  for (let index = 0; index < count; index += 1) await appender.append(headerOf(), rowsOf(index, 250));
  const folder = appender.partition!;
  await appender.stop();
  const found = await made.reader({ segmentBytes });
  const records = await drain(await found.find(folder));
  await found.reader.stop();
  return { log: made, folder, records };
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function age(paths: string[], hours: number): Promise<void> {
  const time = new Date(Date.now() - hours * hourMs);
  for (const path of paths) await utimes(path, time, time);
}

test('stored segments go when their hours are over; what is not stored stays however old it is', async (t) => {
  const { log, folder, records } = await ended(t, 9);
  await age(await segmentsOf(folder), 1_000);
  const found = await log.reader({ segmentBytes });
  const partition = await found.find(folder);
  await partition.stored(records[6]!.next);
  await found.reader.stop();
  const [first, second, third] = await segmentsOf(folder);
  assert.ok(third, 'segments are kept for their hours from when they were stored, not written');
  await age([first!], 25);
  await age([second!], 23);
  const again = await log.reader({ segmentBytes });
  await until(async () => !(await isThere(first!)), { what: 'the first segment to go' });
  assert.deepEqual(await segmentsOf(folder), [second, third]);
  const same = await again.find(folder);
  assert.deepEqual(await same.bounds(), { first: records[3]!.position, end: records[8]!.next });
  await assert.rejects(same.read(0, 1024), { reason: 'beginning_gone', toPosition: records[3]!.position });
  assert.deepEqual(await drain(same, records[3]!.position), records.slice(3));
});

test('an ended partition leaves a tombstone, in which an older position is a gap and the end the end', async (t) => {
  const { log, folder, records } = await ended(t, 7);
  const end = records[6]!.next;
  const found = await log.reader({ segmentBytes, keepHours: 0 });
  const partition = await found.find(folder);
  assert.equal(await partition.read(end, 1024), null);
  await partition.stored(end);
  await until(async () => (await segmentsOf(folder)).length === 0, { what: 'all segments to go' });
  for (const reader of [found, await log.reader({ segmentBytes, keepHours: 0 })]) {
    const tombstone = await reader.find(folder);
    assert.deepEqual(await tombstone.bounds(), { first: end, end });
    assert.equal(await tombstone.read(end, 1024), null);
    assert.equal(await tombstone.crcBefore(end), null);
    await assert.rejects(tombstone.read(0, 1024), { reason: 'beginning_gone', toPosition: end });
    await assert.rejects(tombstone.read(5, 1024), { reason: 'out_of_range', toPosition: end });
    await reader.reader.stop();
  }
  await age([join(folder, 'stored')], 29 * 24);
  const young = await log.reader({ segmentBytes, keepHours: 0 });
  await young.reader.stop();
  assert.equal(await isThere(folder), true);
  await age([join(folder, 'stored')], 31 * 24);
  await log.reader({ segmentBytes, keepHours: 0 });
  await until(async () => !(await isThere(folder)), { what: 'the tombstone to go' });
});

test('near the bound the oldest stored segments of all partitions go first, what is not stored never', async (t) => {
  const older = await ended(t, 6);
  const newer = await ended(t, 6, older.log, 1);
  const unstored = await ended(t, 6, older.log, 2);
  const first = await older.log.reader({ segmentBytes });
  for (const { folder, records } of [older, newer]) {
    const partition = await first.find(folder);
    await partition.read(records.at(-1)!.next, 1024);
    await partition.stored(records.at(-1)!.next);
  }
  await first.reader.stop();
  const [olderOne, olderTwo] = await segmentsOf(older.folder);
  const [newerOne, newerTwo] = await segmentsOf(newer.folder);
  await age([olderOne!], 20);
  await age([newerOne!], 15);
  await age([olderTwo!], 10);
  await age([newerTwo!], 5);
  // Six segments are there; a living appender wants room for one more, and its own is counted in full.
  const bytes = await Promise.all(
    [
      ...(await segmentsOf(older.folder)),
      ...(await segmentsOf(newer.folder)),
      ...(await segmentsOf(unstored.folder)),
    ].map(async (path) => (await stat(path)).size),
  );
  const appender = await older.log.appender({ segmentBytes, slot: 3 });
  const bytesMax = bytes.reduce((sum, each) => sum + each) - bytes[0]! * 2 + 2 * segmentBytes;
  const second = await older.log.reader({ segmentBytes, bytesMax });
  await until(async () => !(await isThere(newerOne!)), { what: 'the second oldest to go' });
  await until(() => second.reader.bytes().held > 0, { what: 'a look at the bytes' });
  assert.deepEqual(await segmentsOf(older.folder), [olderTwo]);
  assert.deepEqual(await segmentsOf(newer.folder), [newerTwo]);
  assert.equal((await segmentsOf(unstored.folder)).length, 2);
  assert.equal(appender.writable, true);
  const { held, max } = second.reader.bytes();
  assert.ok(held <= max && max === bytesMax, `${held} of ${max}`);
});

test('the open segment of a living partition stays, whatever is stored', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender({ segmentBytes });
  const found = await log.reader({ segmentBytes, keepHours: 0 });
  const partition = await found.find(appender.partition);
  let position = 0;
  for (let index = 0; index < 7; index += 1) {
    await appender.append(headerOf(), rowsOf(index, 250));
    position = (await partition.read(position, 1024))!.at(-1)!.next;
    await partition.stored(position);
  }
  const folder = appender.partition!;
  await until(async () => (await segmentsOf(folder)).length === 1, { what: 'the closed segments to go' });
  const waiting = partition.read(position, 1024);
  await appender.append(headerOf(), rowsOf('next'));
  assert.equal((await waiting)!.length, 1);
});

test('an ended partition that nothing was ever appended to goes at once, one with a record does not', async (t) => {
  const log = await makeLocalLog(t);
  const empty = await log.appender();
  const used = await log.appender({ slot: 1 });
  await used.append(headerOf(), rowsOf('a'));
  const crashed = await copyCrashed(t, log, empty.partition!);
  await Promise.all([empty.stop(), used.stop()]);
  const found = await log.reader({ keepHours: 0 });
  const partition = await found.find(empty.partition);
  await until(async () => !(await isThere(empty.partition!)), { what: 'the empty partition to go' });
  assert.equal(await partition.read(0, 1024), null);
  assert.deepEqual(await partition.bounds(), { first: 0, end: 0 });
  await partition.stored(0);
  await found.reader.stop();
  assert.equal(await isThere(used.partition!), true);
  await crashed.reader();
  await until(async () => !(await isThere(crashed.folder)), { what: 'the crashed empty partition to go' });
});

test('what lies behind a gap is never removed before it is stored, footer or not', async (t) => {
  for (const isClosed of [true, false]) {
    const log = await makeLocalLog(t);
    const appender = await log.appender();
    for (const label of ['a', 'b', 'c']) await appender.append(headerOf(), rowsOf(label));
    if (isClosed) await appender.stop();
    const crashed = await copyCrashed(t, log, appender.partition!);
    const [segment] = await segmentsOf(crashed.folder);
    const whole = await readFile(segment!);
    // The length of the second record: by lengths alone the partition would seem to end there.
    const lengthAt = segmentHeaderBytes + 8 + whole.readUInt32LE(segmentHeaderBytes);
    await flipBit(segment!, lengthAt + 3, 6);
    const found = await crashed.reader({ keepHours: 0 });
    const partition = await found.find(crashed.folder);
    const { gap } = await readUntilGap(partition);
    assert.equal(gap?.reason, 'damaged');
    await partition.stored(gap.fromPosition);
    await found.reader.stop();
    assert.deepEqual(await segmentsOf(crashed.folder), [segment]);
    const again = await crashed.reader({ keepHours: 0 });
    const same = await again.find(crashed.folder);
    assert.deepEqual((await readUntilGap(same, gap.toPosition!)).labels, ['c']);
  }
});

test('a stop marks what is stored; a reader that starts counts from there', async (t) => {
  const { log, folder, records } = await ended(t, 7);
  const found = await log.reader({ segmentBytes });
  await (await found.find(folder)).stored(records[4]!.next);
  await found.reader.stop();
  const again = await log.reader({ segmentBytes });
  assert.equal((await (await again.find(folder)).backlog()).records, 2);
  await again.reader.stop();
  await writeFile(join(folder, 'stored'), '99999 1\n');
  const lost = await log.reader({ segmentBytes });
  assert.equal(
    (await (await lost.find(folder)).backlog()).records,
    7,
    'a mark that is not whole counts as none',
  );
});

test('a database restored to before the mark: what is read again is kept until it is stored again', async (t) => {
  const { log, folder, records } = await ended(t, 9);
  const found = await log.reader({ segmentBytes });
  await (await found.find(folder)).stored(records[8]!.next);
  await found.reader.stop();
  const again = await log.reader({ segmentBytes });
  const partition = await again.find(folder);
  await partition.stored(records[2]!.next);
  assert.deepEqual(await drain(partition, records[2]!.next), records.slice(3));
  await again.reader.stop();
  const all = await segmentsOf(folder);
  const eager = await log.reader({ segmentBytes, keepHours: 0 });
  await until(async () => !(await isThere(all[0]!)), { what: 'the stored segment to go' });
  await eager.reader.stop();
  assert.deepEqual(await segmentsOf(folder), all.slice(1));
});
