/** Writes that fail, fall short, find no space or take long: never loss, never a position that names two things. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LocalAppender } from '../../../src/log/local/appender.ts';
import { LogUnavailableError } from '../../../src/log/log.ts';
import { closeAfter } from '../../support/close-after.ts';
import { copyCrashed, readUntilGap, segmentsOf } from '../../support/crashed-log.ts';
import { makeFaultyFiles, systemError } from '../../support/faulty-files.ts';
import { makeLocalLog, makeTempDir } from '../../support/local-log.ts';
import { headerOf, readCount, rowsOf } from '../../support/log-records.ts';
import { until } from '../../support/until.ts';

const full = { name: 'LogUnavailableError', reason: 'full' };
const failed = { name: 'LogUnavailableError', reason: 'failed' };

function whenWritable(appender: LocalAppender): Promise<boolean> {
  return until(() => appender.writable, { what: 'the log to be writable', timeoutMs: 10_000 });
}

/** What was acknowledged and what a reader of the living, the stopped and the crashed log sees must agree. */
async function assertHolds(
  t: TestContext,
  log: Awaited<ReturnType<typeof makeLocalLog>>,
  appender: LocalAppender,
  labels: string[],
): Promise<void> {
  const folder = appender.partition!;
  const found = await log.reader();
  const records = await readCount(await found.find(folder), labels.length);
  const next = records.at(-1)!.next;
  await found.reader.stop();
  const crashed = await copyCrashed(t, log, folder);
  assert.deepEqual((({ labels, gap }) => ({ labels, gap }))(await crashed.readAll()), { labels, gap: null });
  await appender.stop();
  const again = await log.reader();
  const partition = await again.find(folder);
  assert.deepEqual((await readUntilGap(partition)).labels, labels);
  assert.equal(await partition.crcBefore(next), records.at(-1)!.crc);
}

test('a short write, cut at every byte, ends the segment: nothing acknowledged is missing, no torn record is read', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const appender = await log.appender({ files });
  const acknowledged: string[] = [];
  for (let bytes = 0; bytes < 66; bytes += 1) {
    await appender.append(headerOf(), rowsOf(`before-${bytes}`));
    acknowledged.push(`before-${bytes}`);
    files.bytesLeft = bytes;
    await assert.rejects(appender.append(headerOf(), rowsOf(`short-${bytes}`)), full);
    assert.equal(appender.writable, false);
    await assert.rejects(appender.append(headerOf(), rowsOf('meanwhile')), full);
    files.bytesLeft = Number.POSITIVE_INFINITY;
    await whenWritable(appender);
  }
  await assertHolds(t, log, appender, acknowledged);
});

test('a write that fails after its bytes were laid may be read or not, and its position is not used again', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const appender = await log.appender({ files });
  const found = await log.reader();
  await appender.append(headerOf(), rowsOf('a'));
  const partition = await found.find(appender.partition);
  const [a] = await readCount(partition, 1);
  files.isLying = true;
  await assert.rejects(appender.append(headerOf(), rowsOf('unknown')), failed);
  const [unknown] = await readCount(partition, 1, a!.next);
  files.isLying = false;
  await whenWritable(appender);
  await appender.append(headerOf(), rowsOf('b'));
  const [b] = await readCount(partition, 1, unknown!.next);
  assert.ok(b!.position >= unknown!.next, 'the next record lies past the failed one');
  assert.equal(await partition.crcBefore(unknown!.next), unknown!.crc);
  const [after] = await readCount(partition, 1, a!.next);
  assert.ok(after!.position === unknown!.position || after!.position === b!.position);
});

test('failed appends say so, listeners hear each change, and it recovers without an append', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const appender = await log.appender({ files });
  const heard: boolean[] = [];
  appender.onWritableChange((writable) => heard.push(writable));
  await appender.append(headerOf(), rowsOf('a'));
  files.onWrite = () => {
    throw systemError('EIO');
  };
  await assert.rejects(appender.append(headerOf(), rowsOf('b')), failed);
  await assert.rejects(appender.append(headerOf(), rowsOf('c')), failed);
  assert.deepEqual(heard, [false]);
  files.onWrite = null;
  await whenWritable(appender);
  assert.deepEqual(heard, [false, true]);
  await appender.append(headerOf(), rowsOf('d'));
  await assertHolds(t, log, appender, ['a', 'd']);
});

for (const operation of ['create', 'rename', 'syncFolder', 'freeBytes'] as const) {
  test(`a roll whose ${operation} fails loses nothing and is tried again`, async (t) => {
    const log = await makeLocalLog(t);
    const files = makeFaultyFiles();
    const appender = await log.appender({ files, segmentBytes: 256 });
    await appender.append(headerOf(), rowsOf('a', 100));
    files.failing = { [operation]: systemError('EIO') };
    await assert.rejects(appender.append(headerOf(), rowsOf('b', 100)), failed);
    files.failing = {};
    await whenWritable(appender);
    await appender.append(headerOf(), rowsOf('c', 100));
    await assertHolds(t, log, appender, ['a', 'c']);
  });
}

test('a log that cannot be opened at start is tried again until it can', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  files.failing = { create: systemError('ENOSPC') };
  const appender = await log.appender({ files });
  assert.equal(appender.writable, false);
  await assert.rejects(appender.append(headerOf(), rowsOf('a')), full);
  files.failing = {};
  await whenWritable(appender);
  await appender.append(headerOf(), rowsOf('b'));
  await assertHolds(t, log, appender, ['b']);
});

test('it can be stopped while it fails', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const appender = await log.appender({ files });
  await appender.append(headerOf(), rowsOf('a'));
  files.failing = { create: systemError('EIO') };
  files.bytesLeft = 10;
  await assert.rejects(appender.append(headerOf(), rowsOf('b')), full);
  await assertHolds(t, log, appender, ['a']);
});

test('a second append while one is in flight is a programmer error, and a record has a bound', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender();
  const first = appender.append(headerOf(), rowsOf('a'));
  await assert.rejects(appender.append(headerOf(), rowsOf('b')), /in flight/);
  await first;
  await assert.rejects(appender.append(headerOf(), Buffer.alloc(33 * 1024 * 1024)), RangeError);
  await appender.append(headerOf(), rowsOf('c'));
  await assertHolds(t, log, appender, ['a', 'c']);
});

test('full by its bound: appends are refused, what is there stays, and room makes it writable', async (t) => {
  const log = await makeLocalLog(t);
  const bounds = { segmentBytes: 4096, bytesMax: 4 * 4096 };
  const appender = await log.appender(bounds);
  const other = await log.appender({ ...bounds, slot: 1 });
  const acknowledged: string[] = [];
  for (;;) {
    const label = `r${acknowledged.length}`;
    const answer = await appender.append(headerOf(), rowsOf(label, 900)).catch((error: unknown) => error);
    if (answer !== 'local') {
      assert.ok(answer instanceof LogUnavailableError);
      assert.equal(answer.reason, 'full');
      break;
    }
    acknowledged.push(label);
  }
  // Four segments fit; one of them is the other appender's, which may still fill it.
  assert.equal((await segmentsOf(appender.partition!)).length, 3);
  await other.append(headerOf(), rowsOf('others', 2000));
  const found = await log.reader(bounds);
  const partition = await found.find(appender.partition);
  const records = await readCount(partition, acknowledged.length);
  assert.equal(appender.writable, false);
  await partition.stored(records.at(-1)!.next);
  await whenWritable(appender);
  await appender.append(headerOf(), rowsOf('again'));
  await readCount(partition, 1, records.at(-1)!.next);
});

test('two appenders that roll at once never pass the bound together', async (t) => {
  const log = await makeLocalLog(t);
  const bounds = { segmentBytes: 4096, bytesMax: 8 * 4096 };
  const appenders = await Promise.all([0, 1, 2, 3].map((slot) => log.appender({ ...bounds, slot })));
  await Promise.all(
    appenders.map(async (appender) => {
      for (let refusals = 0; refusals < 5; ) {
        await appender.append(headerOf(), rowsOf('x', 3000)).catch(() => {
          refusals += 1;
        });
        await new Promise(setImmediate);
      }
    }),
  );
  let reserved = 0;
  for (const { partition } of appenders) {
    const closed = (await segmentsOf(partition!)).slice(0, -1);
    reserved += bounds.segmentBytes;
    for (const path of closed) reserved += (await stat(path)).size;
  }
  assert.ok(reserved <= bounds.bytesMax, `${reserved} of ${bounds.bytesMax}`);
});

test('a disk that takes 200 ms a write leaves the event loop free', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const appender = await log.appender({ files });
  let turns = 0;
  files.onWrite = () => new Promise((resolve) => setTimeout(resolve, 200));
  const appending = appender.append(headerOf(), rowsOf('slow'));
  let isDone = false;
  void appending.then(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    turns += 1;
  }
  assert.ok(turns > 10, `the loop turned ${turns} times while the disk was busy`);
});

/** A file system of 1 MiB of the test's own, or null where the machine allows none. */
async function mountTiny(t: TestContext): Promise<string | null> {
  const path = join(await makeTempDir(t), 'tiny');
  await mkdir(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return null;
  }
  closeAfter(t, () => execFileSync('umount', ['-l', path]));
  return path;
}

test('a disk that fills in the middle of a write: 503, nothing lost, recovery once there is space', async (t) => {
  const tiny = await mountTiny(t);
  const files = makeFaultyFiles();
  const log = await makeLocalLog(t, tiny ?? undefined);
  const appender = await log.appender({ files, segmentBytes: 128 * 1024 });
  // Large frames: for small ones space is taken ahead, and the disk is full at that time.
  await appender.append(headerOf(), rowsOf('a', 70_000));
  const filler = join(log.logDir, '..', 'filler');
  if (tiny) {
    const { bavail, bsize } = await statfs(tiny);
    await writeFile(filler, Buffer.alloc(bavail * bsize - 8 * 1024));
  } else {
    files.bytesLeft = 8 * 1024;
  }
  await assert.rejects(appender.append(headerOf(), rowsOf('torn', 20_000)), full);
  await assert.rejects(appender.append(headerOf(), rowsOf('refused')), full);
  const found = await log.reader();
  const partition = await found.find(appender.partition);
  const [a] = await readCount(partition, 1);
  const waiting = partition.read(a!.next, 1024);
  await rm(filler, { force: true });
  files.bytesLeft = Number.POSITIVE_INFINITY;
  await whenWritable(appender);
  await appender.append(headerOf(), rowsOf('b'));
  assert.equal((await waiting)?.[0]?.rows.toString('latin1', 0, 1), 'b');
  await found.reader.stop();
  await appender.stop();
  const again = await log.reader();
  assert.deepEqual((await readUntilGap(await again.find(appender.partition))).labels, ['a', 'b']);
});
