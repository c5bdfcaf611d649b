/** Zeros laid ahead of an open segment's frames: never over a frame, never taken for one, gone from a closed segment. */

import assert from 'node:assert/strict';
import { open, stat } from 'node:fs/promises';
import { test } from 'node:test';
import { segmentFooterBytes, segmentHeaderBytes } from '../../../src/log/local/segment-format.ts';
import { copyCrashed, flipBit, readUntilGap, segmentsOf } from '../../support/crashed-log.ts';
import { makeFaultyFiles, systemError } from '../../support/faulty-files.ts';
import { makeLocalLog } from '../../support/local-log.ts';
import { headerOf, labelOf, readCount, rowsOf } from '../../support/log-records.ts';
import { until } from '../../support/until.ts';

const segmentBytes = 512 * 1024;
/** More than any frame here: a write that is larger lays zeros. */
const zerosBytesMin = 100_000;

async function openSegment(folder: string | null): Promise<string> {
  return (await segmentsOf(folder!)).at(-1)!;
}

async function whenZerosAreLaid(folder: string | null): Promise<void> {
  const isLaid = async () => (await stat(await openSegment(folder))).size === segmentBytes;
  await until(isLaid, { what: 'zeros up to the size of the segment' });
}

test('a living segment ends in zeros: its end is that of its records, and a read waits there', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender({ segmentBytes });
  for (const label of ['a', 'b']) await appender.append(headerOf(), rowsOf(label));
  await whenZerosAreLaid(appender.partition);
  const found = await log.reader({ segmentBytes });
  const partition = await found.find(appender.partition);
  const [, b] = await readCount(partition, 2);
  assert.deepEqual(await partition.bounds(), { first: 0, end: b!.next });
  const waiting = partition.read(b!.next, 1024);
  await appender.append(headerOf(), rowsOf('c'));
  assert.deepEqual((await waiting)?.map(labelOf), ['c']);
  assert.equal((await partition.backlog()).records, 3);
});

test('a segment closed in order has no zeros', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender({ segmentBytes });
  await appender.append(headerOf(), rowsOf('only'));
  await whenZerosAreLaid(appender.partition);
  await appender.stop();
  const found = await log.reader({ segmentBytes });
  const partition = await found.find(appender.partition);
  const { labels, position } = await readUntilGap(partition);
  assert.deepEqual(labels, ['only']);
  const { size } = await stat(await openSegment(appender.partition));
  assert.equal(size, segmentHeaderBytes + position + segmentFooterBytes);
});

test('a crash leaves zeros: the end and no gap, with a torn record before them too', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender({ segmentBytes });
  for (const label of ['a', 'b', 'c']) await appender.append(headerOf(), rowsOf(label));
  await whenZerosAreLaid(appender.partition);
  const found = await log.reader({ segmentBytes });
  const records = await readCount(await found.find(appender.partition), 3);
  const lastAt = records[2]!.position + segmentHeaderBytes;
  const crashed = await copyCrashed(t, log, appender.partition!);
  const path = await openSegment(crashed.folder);
  assert.deepEqual(await crashed.readAll(), {
    labels: ['a', 'b', 'c'],
    gap: null,
    position: records[2]!.next,
  });
  const file = await open(path, 'r+');
  t.after(() => file.close());
  const end = records[2]!.next + segmentHeaderBytes;
  for (let at = end - 1; at >= lastAt; at -= 1) {
    await file.write(Buffer.alloc(1), 0, 1, at);
    const { labels, gap } = await crashed.readAll();
    assert.deepEqual({ labels, gap }, { labels: ['a', 'b'], gap: null }, `torn at ${at}`);
    // With its length whole or cut, and zeros for the rest, it seems to fit.
    const again = await crashed.reader({ segmentBytes });
    const partition = await again.find(crashed.folder);
    assert.equal((await partition.bounds()).end, records[2]!.position, `torn at ${at}`);
    assert.equal((await partition.backlog()).records, 2, `torn at ${at}`);
    await again.reader.stop();
  }
});

test('damage before the zeros is a gap as ever, and so is a record that turned into zeros', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender({ segmentBytes });
  for (const label of ['a', 'b', 'c']) await appender.append(headerOf(), rowsOf(label));
  await whenZerosAreLaid(appender.partition);
  const found = await log.reader({ segmentBytes });
  const partition = await found.find(appender.partition);
  const [, b, c] = await readCount(partition, 3);
  const crashed = await copyCrashed(t, log, appender.partition!);
  await flipBit(await openSegment(crashed.folder), b!.position + segmentHeaderBytes + 20);
  const { gap } = await crashed.readAll();
  assert.deepEqual([gap?.reason, gap?.toPosition], ['damaged', c!.position]);
  // The owner lives: what follows proves that something was there.
  const file = await open(await openSegment(appender.partition), 'r+');
  t.after(() => file.close());
  await file.write(Buffer.alloc(b!.next - b!.position), 0, null, b!.position + segmentHeaderBytes);
  await assert.rejects(partition.read(b!.position, 1024 * 1024), {
    name: 'LogGapError',
    reason: 'damaged',
    toPosition: c!.position,
  });
});

test('a position among the zeros is out of range', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender({ segmentBytes });
  await appender.append(headerOf(), rowsOf('only'));
  await whenZerosAreLaid(appender.partition);
  const found = await log.reader({ segmentBytes });
  const partition = await found.find(appender.partition);
  const [record] = await readCount(partition, 1);
  await assert.rejects(partition.read(record!.next + 5_000, 1024), { reason: 'out_of_range', toPosition: 0 });
});

test('zeros that are late are never laid over a record: the record waits for them', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let framesBegun = 0;
  files.onWrite = (bytes) => {
    if (bytes >= zerosBytesMin) return released;
    framesBegun += 1;
  };
  const appender = await log.appender({ segmentBytes, files });
  const labels: string[] = [];
  const append = () => {
    const label = `r${labels.length}`;
    labels.push(label);
    return appender.append(headerOf(), rowsOf(label, 20_000));
  };
  framesBegun = 0;
  let pending = append();
  // A frame is given to the disk at once, or it waits for the zeros that are held.
  for (await nextTurn(); framesBegun === labels.length; await nextTurn()) {
    await pending;
    pending = append();
  }
  assert.ok(framesBegun > 2, `${framesBegun} were written beside the zeros`);
  release();
  await pending;
  for (let more = 0; more < 3; more += 1) await append();
  const found = await log.reader({ segmentBytes });
  const records = await readCount(await found.find(appender.partition), labels.length);
  assert.deepEqual(records.map(labelOf), labels);
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('a write-back error of zeros, which Linux reports once a descriptor, takes none away from a record', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const { promise: frameBegun, resolve: beginFrame } = Promise.withResolvers<void>();
  const { promise: zerosFailed, resolve: failZeros } = Promise.withResolvers<number>();
  const realWrite = files.write;
  files.write = (fd, buffers, offset, done) => {
    const bytes = buffers.reduce((sum, { length }) => sum + length, 0);
    if (bytes < zerosBytesMin) return realWrite(fd, buffers, offset, done);
    void frameBegun.then(() => {
      done(systemError('EIO'), 0);
      failZeros(fd);
    });
  };
  const appender = await log.appender({ segmentBytes, files });
  await appender.append(headerOf(), rowsOf('first'));
  // The record's own bytes cannot be written back either, and the zeros' write looks at the error before it does.
  const write = files.write;
  files.write = (fd, buffers, _offset, done) => {
    files.write = write;
    beginFrame();
    const bytes = buffers.reduce((sum, { length }) => sum + length, 0);
    void zerosFailed.then((zerosFd) => (fd === zerosFd ? done(null, bytes) : done(systemError('EIO'), 0)));
  };
  await assert.rejects(appender.append(headerOf(), rowsOf('lost')), { name: 'LogUnavailableError' });
});

test('zeros that cannot be laid hold up no record', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  let refused = 0;
  files.onWrite = (bytes) => {
    if (bytes < zerosBytesMin) return;
    refused += 1;
    throw systemError('ENOSPC');
  };
  const appender = await log.appender({ segmentBytes, files });
  for (let index = 0; index < 5; index += 1) await appender.append(headerOf(), rowsOf(index));
  assert.equal(refused, 1, 'it is not tried again in this segment');
  assert.equal(appender.writable, true);
  await appender.stop();
  const found = await log.reader({ segmentBytes });
  const { labels, gap } = await readUntilGap(await found.find(appender.partition));
  assert.deepEqual({ labels, gap }, { labels: ['0', '1', '2', '3', '4'], gap: null });
});
