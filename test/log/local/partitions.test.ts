/** Folders, names, rolls and reopening. */

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { durableFiles } from '../../../src/log/local/durable-files.ts';
import { ensureLog } from '../../../src/log/local/folders.ts';
import { tryLock } from '../../../src/system/process-lock.ts';
import { segmentsOf } from '../../support/crashed-log.ts';
import { makeLocalLog } from '../../support/local-log.ts';
import { drain, headerOf, labelOf, readCount, rowsOf } from '../../support/log-records.ts';

test('every start makes a new partition with positions from 0, and the old one is read to its end', async (t) => {
  const log = await makeLocalLog(t);
  const folders = [];
  for (const label of ['a', 'b', 'c']) {
    const appender = await log.appender();
    await appender.append(headerOf(), rowsOf(label));
    folders.push(appender.partition);
    await appender.stop();
  }
  assert.equal(new Set(folders).size, 3);
  const found = await log.reader();
  for (const [index, folder] of folders.entries()) {
    const records = await drain(await found.find(folder!));
    assert.deepEqual(records.map(labelOf), [['a', 'b', 'c'][index]]);
    assert.equal(records[0]!.position, 0);
  }
});

test('a partition that appears later is handed over once', async (t) => {
  const log = await makeLocalLog(t);
  const found = await log.reader();
  assert.equal(found.partitions.length, 0);
  const appender = await log.appender();
  await appender.append(headerOf(), rowsOf('a'));
  await readCount(await found.find(appender.partition), 1);
  const other = await log.appender({ slot: 1 });
  await found.find(other.partition);
  assert.equal(found.partitions.length, 2);
});

test('makers at once agree on the name of the log, which stays', async (t) => {
  const log = await makeLocalLog(t);
  const uuids = await Promise.all(Array.from({ length: 8 }, () => ensureLog(durableFiles, log.logDir)));
  assert.equal(new Set(uuids).size, 1);
  const { reader } = await log.reader();
  assert.equal(reader.source, `local:${uuids[0]}`);
  assert.deepEqual((await readdir(log.logDir)).sort(), ['uuid']);
});

test('a name of the log that is none is refused', async (t) => {
  const log = await makeLocalLog(t);
  await mkdir(log.logDir, { recursive: true });
  await writeFile(join(log.logDir, 'uuid'), 'garbage');
  await assert.rejects(log.reader(), /holds no UUID/);
});

test('only the owner may read what is in the log', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender();
  await appender.append(headerOf(), rowsOf('a'));
  const [segment] = await segmentsOf(appender.partition!);
  assert.equal((await stat(segment!)).mode & 0o077, 0);
  assert.equal((await stat(appender.partition!)).mode & 0o077, 0);
  assert.equal((await stat(log.logDir)).mode & 0o077, 0);
});

test('a segment rolls before it would pass its size; a larger record gets one alone', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender({ segmentBytes: 1000 });
  const sizes = [100, 300, 300, 5_000, 50, 500, 700, 10];
  for (const [index, size] of sizes.entries()) await appender.append(headerOf(), rowsOf(index, size));
  const files = await segmentsOf(appender.partition!);
  const lengths = await Promise.all(files.map(async (file) => (await readFile(file)).length));
  assert.equal(lengths.filter((length) => length > 1000).length, 1);
  const found = await log.reader();
  const records = await readCount(await found.find(appender.partition), sizes.length);
  assert.deepEqual(
    records.map(labelOf),
    sizes.map((_, index) => String(index)),
  );
  for (const [index, record] of records.entries()) {
    assert.equal(record.position, records[index - 1]?.next ?? 0, 'positions join across segments');
  }
});

test('crcBefore holds at every position of every segment', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender({ segmentBytes: 600 });
  for (let index = 0; index < 12; index += 1) await appender.append(headerOf(), rowsOf(index, index * 9));
  const found = await log.reader();
  const partition = await found.find(appender.partition);
  const records = await readCount(partition, 12);
  for (const record of records) {
    assert.equal(await partition.crcBefore(record.next), record.crc);
    assert.equal(await partition.crcBefore(record.next - 1), null, 'no record ends there');
  }
});

test('a reader that races rolls sees every record once, in order', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender({ segmentBytes: 300 });
  const found = await log.reader();
  const partition = await found.find(appender.partition);
  const reading = readCount(partition, 300);
  for (let index = 0; index < 300; index += 1) await appender.append(headerOf(), rowsOf(index));
  const records = await reading;
  assert.deepEqual(
    records.map(labelOf),
    records.map((_, index) => String(index)),
  );
  assert.ok((await segmentsOf(appender.partition!)).length > 50);
});

test('what a crash left of making or removing a folder is cleaned, but not what is being made', async (t) => {
  const log = await makeLocalLog(t);
  const longAgo = new Date(Date.now() - 3_600_000);
  const names = ['.making-0-old', '.making-0-locked', '.removing-0-old', '.making-0-new', '.making-uuid-x'];
  for (const name of names) await mkdir(join(log.logDir, name), { recursive: true });
  const lock = tryLock(join(log.logDir, '.making-0-locked', 'lock'))!;
  for (const name of names.filter((name) => name !== '.making-0-new')) {
    await utimes(join(log.logDir, name), longAgo, longAgo);
  }
  const appender = await log.appender();
  const left = (await readdir(log.logDir)).filter((name) => name.startsWith('.'));
  lock.release();
  assert.deepEqual(left.sort(), ['.making-0-locked', '.making-0-new']);
  assert.equal(appender.writable, true);
});

test('a thousand ended partitions are read to their ends and then cost nothing', async (t) => {
  const log = await makeLocalLog(t);
  const appender = await log.appender();
  await appender.stop();
  const uuid = appender.partition!.slice(-36);
  const [segment] = await segmentsOf(appender.partition!);
  const bytes = await readFile(segment!);
  const { encodeSegmentHeader, firstSegment } = {
    ...(await import('../../../src/log/local/segment-format.ts')),
    ...(await import('../../../src/log/local/segment-writer.ts')),
  };
  for (let index = 0; index < 1_000; index += 1) {
    const name = `${uuid.slice(0, -4)}${String(index).padStart(4, '0')}`;
    const folder = join(log.logDir, `1-${name}`);
    await mkdir(folder);
    encodeSegmentHeader({ uuid: name, ...firstSegment }).copy(bytes);
    await writeFile(join(folder, `${'0'.repeat(20)}.log`), Buffer.concat([bytes, Buffer.alloc(1)]));
    await writeFile(join(folder, 'lock'), '');
  }
  const found = await log.reader();
  await Promise.all(found.partitions.map(async (partition) => assert.deepEqual(await drain(partition), [])));
  assert.ok(found.partitions.length >= 1_000);
  const open = await readdir('/proc/self/fd');
  assert.ok(open.length < 200, `${open.length} files are open`);
});
