/** Damage is loud, a torn tail is not: what a reader says of each. */

import assert from 'node:assert/strict';
import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { segmentFooterBytes, segmentHeaderBytes } from '../../../src/log/local/segment-format.ts';
import { type CrashedLog, copyCrashed, cutOff, flipBit, readUntilGap } from '../../support/crashed-log.ts';
import { makeLocalLog } from '../../support/local-log.ts';
import { headerOf, labelOf, readCount, rowsOf } from '../../support/log-records.ts';

interface Written extends CrashedLog {
  /** Where each record starts, and where the last one ends. */
  readonly starts: number[];
}

/** A log whose owner died (or stopped) after `count` records; `perSegment` of them fit a segment. */
async function written(
  t: TestContext,
  count: number,
  options: { perSegment?: number; isClosed?: boolean } = {},
): Promise<Written> {
  const log = await makeLocalLog(t);
  const perSegment = options.perSegment ?? 1_000;
  const segmentBytes = segmentHeaderBytes + segmentFooterBytes + perSegment * frameBytes;
  const appender = await log.appender({ segmentBytes });
  for (let index = 0; index < count; index += 1) await appender.append(headerOf(), rowsOf(`r${index}`));
  const folder = appender.partition!;
  const found = await log.reader();
  const records = await readCount(await found.find(folder), count);
  await found.reader.stop();
  if (options.isClosed) await appender.stop();
  const crashed = await copyCrashed(t, log, folder);
  return { ...crashed, starts: [...records.map(({ position }) => position), records.at(-1)!.next] };
}

/** Of one record with a label of two characters. */
const frameBytes = 8 + Buffer.byteLength('usage-ingest/1\tid,patient_id\t1\t24202\t1700000000000\n') + 4;

test('a torn tail, cut at every byte of the last record, is the end and no gap', async (t) => {
  const log = await written(t, 3);
  const [segment] = await log.segments();
  const bytes = await readFile(segment!);
  const lastAt = log.starts[2]! + segmentHeaderBytes;
  assert.equal(bytes.length, lastAt + frameBytes);
  for (let length = bytes.length - 1; length >= lastAt; length -= 1) {
    await truncate(segment!, length);
    const { labels, gap } = await log.readAll();
    assert.deepEqual({ labels, gap }, { labels: ['r0', 'r1'], gap: null }, `cut at ${length}`);
  }
});

test('a torn tail of zeros, or with a flipped bit, is the end and no gap', async (t) => {
  const log = await written(t, 3);
  const [segment] = await log.segments();
  const bytes = await readFile(segment!);
  const lastAt = log.starts[2]! + segmentHeaderBytes;
  for (const from of [lastAt, lastAt + 4, lastAt + 20]) {
    await writeFile(segment!, Buffer.from(bytes).fill(0, from));
    assert.deepEqual(await log.readAll(), { labels: ['r0', 'r1'], gap: null, position: log.starts[2]! });
  }
  await writeFile(segment!, bytes);
  await flipBit(segment!, lastAt + 30);
  assert.equal((await log.readAll()).gap, null);
});

test('the age of a backlog that begins with damage is that of the record after it', async (t) => {
  const log = await written(t, 3);
  const [segment] = await log.segments();
  await flipBit(segment!, segmentHeaderBytes + frameBytes - 2);
  const { find } = await log.reader();
  const partition = await find(log.folder);
  assert.deepEqual(await partition.backlog(), { records: 3, oldestReceivedAtMs: 1_700_000_000_000 });
});

test('a damaged last record behind a footer is a gap, whichever byte it is', async (t) => {
  const log = await written(t, 3, { isClosed: true });
  const [segment] = await log.segments();
  const bytes = await readFile(segment!);
  for (let at = log.starts[2]!; at < log.starts[3]!; at += 1) {
    await flipBit(segment!, at + segmentHeaderBytes, at % 8);
    const { labels, gap } = await log.readAll();
    assert.deepEqual(labels, ['r0', 'r1']);
    assert.equal(gap?.reason, 'damaged', `byte ${at}`);
    assert.deepEqual([gap.fromPosition, gap.toPosition], [log.starts[2], log.starts[3]]);
    await writeFile(segment!, bytes);
  }
});

test('a flipped bit in the middle is a gap up to the next record, footer or not', async (t) => {
  for (const isClosed of [false, true]) {
    const log = await written(t, 4, { isClosed });
    const [segment] = await log.segments();
    const bytes = await readFile(segment!);
    for (let at = log.starts[1]!; at < log.starts[2]!; at += 1) {
      await flipBit(segment!, at + segmentHeaderBytes, at % 8);
      const { labels, gap } = await log.readAll();
      assert.deepEqual(labels, ['r0']);
      assert.equal(gap?.reason, 'damaged', `byte ${at}`);
      assert.deepEqual([gap.fromPosition, gap.toPosition], [log.starts[1], log.starts[2]]);
      await writeFile(segment!, bytes);
    }
  }
});

test('after an accepted gap reading goes on behind it', async (t) => {
  const log = await written(t, 4);
  const [segment] = await log.segments();
  await flipBit(segment!, log.starts[1]! + segmentHeaderBytes + 12);
  const found = await log.reader();
  const partition = await found.find(log.folder);
  const { gap } = await readUntilGap(partition);
  assert.deepEqual((await readUntilGap(partition, gap!.toPosition!)).labels, ['r2', 'r3']);
});

test('a damaged record in the log of a living owner is a gap once others follow it', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender();
  for (const label of ['a', 'b', 'c']) await appender.append(headerOf(), rowsOf(label));
  const found = await log.reader();
  const partition = await found.find(appender.partition);
  const records = await readCount(partition, 3);
  const segment = `${appender.partition}/${'0'.repeat(20)}.log`;
  const bytes = await readFile(segment);
  bytes[records[1]!.position + segmentHeaderBytes + 10]! ^= 1;
  await writeFile(segment, bytes);
  await assert.rejects(partition.read(records[1]!.position, 1024), {
    name: 'LogGapError',
    reason: 'damaged',
    toPosition: records[2]!.position,
  });
});

test('a missing segment is a gap up to the one after it', async (t) => {
  const log = await written(t, 9, { perSegment: 3 });
  const segments = await log.segments();
  assert.equal(segments.length, 3);
  await rm(segments[1]!);
  const { labels, gap } = await log.readAll();
  assert.deepEqual(labels, ['r0', 'r1', 'r2']);
  assert.equal(gap?.reason, 'missing');
  assert.deepEqual([gap.fromPosition, gap.toPosition], [log.starts[3], log.starts[6]]);
});

test('a missing first segment is a gone beginning, and out of range for a position within it', async (t) => {
  const log = await written(t, 9, { perSegment: 3 });
  await rm((await log.segments())[0]!);
  const found = await log.reader();
  const partition = await found.find(log.folder);
  assert.deepEqual(await partition.bounds(), { first: log.starts[3], end: log.starts[9] });
  assert.equal(await partition.crcBefore(log.starts[3]!), null);
  const toPosition = log.starts[3];
  await assert.rejects(partition.read(0, 1024), { reason: 'beginning_gone', toPosition });
  await assert.rejects(partition.read(log.starts[1]!, 1024), { reason: 'out_of_range', toPosition });
  assert.equal((await readUntilGap(partition, toPosition!)).labels.length, 6);
});

test('a segment that is cut short while a later one is there is a gap, at whatever byte', async (t) => {
  const log = await written(t, 6, { perSegment: 3 });
  const [first] = await log.segments();
  const bytes = await readFile(first!);
  for (let length = bytes.length - segmentFooterBytes - 1; length >= 0; length -= 13) {
    await truncate(first!, length);
    const { labels, gap } = await log.readAll();
    const whole = log.starts.filter((start) => start > 0 && start + segmentHeaderBytes <= length).length;
    assert.deepEqual(labels, ['r0', 'r1', 'r2'].slice(0, whole), `cut at ${length}`);
    assert.equal(gap?.reason, 'damaged');
    assert.deepEqual([gap.fromPosition, gap.toPosition], [log.starts[whole], log.starts[3]]);
    await writeFile(first!, bytes);
  }
});

test('a lost footer is no gap: the next header says where the segment ended', async (t) => {
  const log = await written(t, 6, { perSegment: 3 });
  await cutOff((await log.segments())[0]!, segmentFooterBytes);
  const { labels, gap } = await log.readAll();
  assert.equal(gap, null);
  assert.equal(labels.length, 6);
});

test('a damaged header loses no record that is whole: positions that join prove that nothing is missing', async (t) => {
  const log = await written(t, 6, { perSegment: 3 });
  const [first, second] = await log.segments();
  await flipBit(second!, 40);
  assert.equal((await log.readAll()).labels.length, 6);
  await cutOff(first!, segmentFooterBytes);
  assert.equal((await log.readAll()).labels.length, 6);
  await cutOff(first!, 1);
  const { labels, gap } = await log.readAll();
  assert.deepEqual([labels.length, gap?.reason, gap?.toPosition], [2, 'damaged', log.starts[3]]);
});

test('a last segment cut into its header is a gap, and reading can go on behind it', async (t) => {
  const log = await written(t, 6, { perSegment: 3 });
  await truncate((await log.segments())[1]!, 10);
  const found = await log.reader();
  const partition = await found.find(log.folder);
  const { labels, gap } = await readUntilGap(partition);
  assert.deepEqual([labels.length, gap?.reason], [3, 'damaged']);
  assert.equal(await partition.read(gap!.toPosition!, 1024), null);
});

test('a segment of another partition in its place is a gap', async (t) => {
  const log = await written(t, 6, { perSegment: 3 });
  const other = await written(t, 6, { perSegment: 3 });
  await copyFile((await other.segments())[1]!, (await log.segments())[1]!);
  await truncate((await log.segments())[1]!, segmentHeaderBytes);
  assert.equal((await log.readAll()).gap?.reason, 'damaged');
});

test('a position past the end of an ended partition is its end', async (t) => {
  for (const isClosed of [false, true]) {
    const log = await written(t, 2, { isClosed });
    const found = await log.reader();
    const partition = await found.find(log.folder);
    assert.equal(await partition.read(log.starts[2]! + 500, 1024), null);
    assert.equal(await partition.crcBefore(log.starts[2]! + 500), null);
  }
});

test('a position past the end of a living partition is out of range', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender();
  await appender.append(headerOf(), rowsOf('only'));
  const found = await log.reader();
  const partition = await found.find(appender.partition);
  const [record] = await readCount(partition, 1);
  await assert.rejects(partition.read(record!.next + 1, 1024), { reason: 'out_of_range', toPosition: 0 });
});

test('a record that is not ours is handed over as a whole; one too new stops the partition', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender();
  await appender.append(headerOf(), rowsOf('first'));
  await appender.append({ ...headerOf(), columns: '' }, rowsOf('strange'));
  await appender.append({ ...headerOf(), version: 2 }, rowsOf('new'));
  const found = await log.reader();
  const partition = await found.find(appender.partition);
  const records = await readCount(partition, 2);
  assert.equal(records[1]!.header, null);
  assert.match(records[1]!.rows.toString(), /^usage-ingest\/1\t\t.*strange\t\n$/s);
  await assert.rejects(partition.read(records[1]!.next, 1024), { name: 'RecordTooNewError' });
});

test('one read goes on into the segments that follow, up to what is damaged there', async (t) => {
  const log = await written(t, 9, { perSegment: 3, isClosed: true });
  const segments = await log.segments();
  assert.equal(segments.length, 3);
  const readOnce = async () => {
    const found = await log.reader();
    const records = await (await found.find(log.folder)).read(0, 1 << 20);
    await found.reader.stop();
    return records!.map(labelOf);
  };
  assert.deepEqual(await readOnce(), ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8']);
  await flipBit(segments[1]!, segmentHeaderBytes + frameBytes + 20);
  assert.deepEqual(await readOnce(), ['r0', 'r1', 'r2', 'r3']);
  await flipBit(segments[1]!, segmentHeaderBytes + 20);
  assert.deepEqual(await readOnce(), ['r0', 'r1', 'r2']);
  await rm(segments[1]!);
  assert.deepEqual(await readOnce(), ['r0', 'r1', 'r2']);
});
