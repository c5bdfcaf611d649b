/** Real processes: following one from another, its death proven by the kernel, and what a kill -9 leaves. */

import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLockHeld, tryLock } from '../../../src/system/process-lock.ts';
import { startAppending } from '../../support/appending.ts';
import { closeAfter } from '../../support/close-after.ts';
import { segmentsOf } from '../../support/crashed-log.ts';
import { makeLocalLog, makeTempDir } from '../../support/local-log.ts';
import { drain, labelOf, readCount } from '../../support/log-records.ts';
import { until } from '../../support/until.ts';

const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TEST_SEED=${seed}`);

/** mulberry32: a small generator whose whole state is the seed. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('a lock is held against this process and others until it is released', async (t) => {
  const path = join(await makeTempDir(t), 'lock');
  const lock = tryLock(path);
  assert.ok(lock);
  assert.equal(tryLock(path), null);
  assert.equal(isLockHeld(path), true);
  lock.release();
  lock.release();
  assert.equal(isLockHeld(path), false);
  tryLock(path)!.release();
  assert.equal(isLockHeld(`${path}-none`), true, 'a file that is not there proves no death');
  assert.deepEqual(await readdir(join(path, '..')), ['lock'], 'looking makes no file');
});

test('a reader follows another process, across rolls, to its orderly end', async (t) => {
  const log = await makeLocalLog(t);
  const appending = await startAppending(log.logDir, { segmentBytes: 2048 });
  closeAfter(t, () => appending.kill());
  const found = await log.reader();
  const partition = await found.find(appending.folder);
  const early = await readCount(partition, 100);
  await appending.end();
  const late = await drain(partition, early.at(-1)!.next);
  assert.deepEqual([...early, ...late].map(labelOf), appending.acknowledged);
  assert.ok((await segmentsOf(appending.folder)).length > 3);
});

test('a stopped owner is alive, a killed one is dead', async (t) => {
  const log = await makeLocalLog(t);
  const appending = await startAppending(log.logDir);
  closeAfter(t, () => appending.kill());
  const found = await log.reader();
  const partition = await found.find(appending.folder);
  await readCount(partition, 5);
  appending.process.kill('SIGSTOP');
  const lock = join(appending.folder, 'lock');
  const draining = drain(partition);
  let isEnded = false;
  void draining.then(() => {
    isEnded = true;
  });
  // Several looks of the reader at the lock, each of which would end the partition were it taken for dead.
  for (let looks = 0; looks < 300; looks += 1) {
    assert.equal(isLockHeld(lock), true);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  assert.equal(isEnded, false);
  const heard = appending.acknowledged.length;
  appending.process.kill('SIGCONT');
  await until(() => appending.acknowledged.length > heard, { what: 'the owner to go on' });
  await appending.kill();
  const labels = (await draining).map(labelOf);
  assert.deepEqual(labels.slice(0, appending.acknowledged.length), appending.acknowledged);
  assert.equal(isLockHeld(lock), false);
});

test('a lock whose file is damaged is held while its owner lives, and free once it is dead', async (t) => {
  const log = await makeLocalLog(t);
  const appending = await startAppending(log.logDir);
  closeAfter(t, () => appending.kill());
  const lock = join(appending.folder, 'lock');
  await writeFile(lock, 'no database, but bytes '.repeat(400));
  assert.equal(isLockHeld(lock), true);
  await appending.kill();
  assert.equal(isLockHeld(lock), false);
  await writeFile(lock, 'short');
  assert.equal(isLockHeld(lock), false);
});

test('kill -9 in the middle of appends: no torn record is read, no acknowledged one is missing', async (t) => {
  const log = await makeLocalLog(t);
  const random = randomFrom(seed);
  const found = await log.reader();
  for (let round = 0; round < 12; round += 1) {
    const rowBytes = [50, 5_000, 300_000][round % 3]!;
    const appending = await startAppending(log.logDir, { rowBytes, segmentBytes: 1024 * 1024, slot: round });
    closeAfter(t, () => appending.kill());
    const wanted = 1 + Math.floor(random() * 40);
    await until(() => appending.acknowledged.length >= wanted, { what: `${wanted} records` });
    await new Promise((resolve) => setTimeout(resolve, random() * 5));
    await appending.kill();
    const records = await drain(await found.find(appending.folder));
    const labels = records.map(labelOf);
    const { acknowledged } = appending;
    assert.deepEqual(labels.slice(0, acknowledged.length), acknowledged, `round ${round}`);
    // One more may be durable: it was in flight, or its acknowledgement was not heard.
    for (const [index, record] of records.entries()) {
      assert.equal(record.rows.length, labelOf(record).length + 1 + rowBytes + 1, 'whole');
      assert.equal(labels[index], `${appending.process.pid}-${index}`);
    }
  }
});

test('killed between closing a segment and making the next: all is read', async (t) => {
  const log = await makeLocalLog(t);
  const appending = await startAppending(log.logDir, { segmentBytes: 2048, failpoint: 'rolling' });
  await appending.exited;
  assert.equal(appending.process.signalCode, 'SIGKILL');
  const found = await log.reader();
  const records = await drain(await found.find(appending.folder));
  assert.ok(appending.acknowledged.length > 0);
  assert.deepEqual(records.map(labelOf), appending.acknowledged);
  assert.equal((await segmentsOf(appending.folder)).length, 1);
});

test('every folder is found and drained, whatever the number of fronts now', async (t) => {
  const log = await makeLocalLog(t);
  const labels: string[] = [];
  for (const slot of [0, 1, 2, 0]) {
    const appending = await startAppending(log.logDir, { slot });
    closeAfter(t, () => appending.kill());
    await until(() => appending.acknowledged.length > 2, { what: 'records' });
    await appending.kill();
    labels.push(...appending.acknowledged);
  }
  const found = await log.reader();
  assert.equal(found.partitions.length, 4);
  const drained = await Promise.all(found.partitions.map((partition) => drain(partition)));
  const read = new Set(drained.flat().map(labelOf));
  for (const label of labels) assert.ok(read.has(label), label);
});
