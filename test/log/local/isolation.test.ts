/** What is wrong with one partition, or with what a crash left, is that one's alone; and what is out of sight may come back. */

import assert from 'node:assert/strict';
import { mkdir, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import type { LocalAppender } from '../../../src/log/local/appender.ts';
import { segmentsOf } from '../../support/crashed-log.ts';
import { makeFaultyFiles, systemError } from '../../support/faulty-files.ts';
import { type FoundLog, type LocalLog, makeLocalLog } from '../../support/local-log.ts';
import { drain, headerOf, labelOf, readCount, rowsOf } from '../../support/log-records.ts';
import { loggedEvents } from '../../support/logged-events.ts';
import { until } from '../../support/until.ts';

const segmentBytes = 1100;
const keptBySize = { segmentBytes, keepHours: 0 };

/** An ended partition of `count` records, three a segment. */
async function makeEnded(log: LocalLog, count = 5, slot = 0): Promise<string> {
  const appender = await log.appender({ segmentBytes, slot });
  for (let index = 0; index < count; index += 1) await appender.append(headerOf(), rowsOf(index, 250));
  await appender.stop();
  return appender.partition!;
}

/** Appends, stores what was read, and waits until all but the open segment of the partition went. */
async function assertTrims(found: FoundLog, appender: LocalAppender): Promise<void> {
  for (let index = 0; index < 9; index += 1) await appender.append(headerOf(), rowsOf(index, 250));
  const partition = await found.find(appender.partition);
  const records = await readCount(partition, 9);
  await partition.stored(records.at(-1)!.next);
  await until(async () => (await segmentsOf(appender.partition!)).length === 1, {
    what: 'stored segments to go',
  });
}

test('an unreadable segment of one partition keeps no other from being trimmed; it is told once, and that it is over', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const logger = loggedEvents();
  const bad = await makeEnded(log);
  const appender = await log.appender({ segmentBytes, slot: 1 });
  files.unreadable = (await segmentsOf(bad)).at(-1)!;
  const found = await log.reader({ ...keptBySize, files, logger });
  await assertTrims(found, appender);
  await until(() => logger.count('log_retention_failed') > 0, { what: 'it is told' });
  files.unreadable = null;
  await until(() => logger.count('log_retention_recovered') === 1, { what: 'it is told that it is over' });
  assert.equal(logger.count('log_retention_failed'), 1);
  const partition = await found.find(bad);
  const records = await drain(partition);
  await partition.stored(records.at(-1)!.next);
  await until(async () => (await segmentsOf(bad)).length === 0, { what: 'this one is trimmed, too' });
});

test('an unreadable mark keeps nobody from reading, and is read once it can be', async (t) => {
  const log = await makeLocalLog(t);
  const folder = await makeEnded(log);
  const first = await log.reader(keptBySize);
  const records = await drain(await first.find(folder));
  await (await first.find(folder)).stored(records[3]!.next);
  await first.reader.stop();
  const files = makeFaultyFiles();
  files.unreadable = 'stored';
  const logger = loggedEvents();
  const second = await log.reader({ segmentBytes, files, logger });
  const partition = await second.find(folder);
  assert.deepEqual((await drain(partition, records[3]!.position)).map(labelOf), ['3', '4']);
  await second.reader.stop();
  assert.ok(logger.count('log_retention_failed') >= 1);
});

test('where a partition without segments ended is never guessed: with its mark unreadable it is neither over nor removed', async (t) => {
  const log = await makeLocalLog(t);
  const folder = await makeEnded(log);
  const first = await log.reader(keptBySize);
  const records = await drain(await first.find(folder));
  const end = records.at(-1)!.next;
  await (await first.find(folder)).stored(end);
  await until(async () => (await segmentsOf(folder)).length === 0, { what: 'all segments to go' });
  await first.reader.stop();
  const files = makeFaultyFiles();
  files.unreadable = 'stored';
  const logger = loggedEvents();
  const second = await log.reader({ ...keptBySize, files, logger });
  const partition = await second.find(folder);
  await assert.rejects(partition.bounds(), /cannot be read/);
  await assert.rejects(partition.read(0, 1024), /cannot be read/);
  await until(() => logger.count('log_retention_failed') > 1, { what: 'the partition was looked at' });
  assert.ok((await readdir(log.logDir)).includes(basename(folder)));
  files.unreadable = null;
  await until(() => logger.count('log_retention_recovered') === 1, { what: 'the mark is read' });
  await assert.rejects(partition.read(0, 1024), { reason: 'beginning_gone', toPosition: end });
});

test('a damaged lock proves that nobody holds it: new fronts are writable, and the partition ends', async (t) => {
  const log = await makeLocalLog(t);
  const folder = await makeEnded(log);
  await writeFile(join(folder, 'lock'), 'not a database, but bytes '.repeat(40));
  const appender = await log.appender({ segmentBytes, slot: 1 });
  assert.equal(appender.writable, true);
  const found = await log.reader(keptBySize);
  assert.equal((await drain(await found.find(folder))).length, 5);
  await assertTrims(found, appender);
});

test('what cannot be looked at or cleared keeps no front from appending', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const logger = loggedEvents();
  const bad = await makeEnded(log);
  const left = join(log.logDir, '.removing-0-00000000-0000-7000-8000-000000000001');
  await mkdir(left);
  await utimes(left, 1, 1);
  files.unreadable = basename(left);
  const appender = await log.appender({ files, logger, segmentBytes, slot: 1 });
  await appender.append(headerOf(), rowsOf('a', 250));
  assert.equal(logger.count('log_leftover_kept'), 1);
  // A new segment is made after a look at what the whole log takes.
  files.unreadable = bad;
  for (const label of ['b', 'c', 'd', 'e']) await appender.append(headerOf(), rowsOf(label, 250));
  assert.ok((await segmentsOf(appender.partition!)).length > 1);
});

async function outOfSight(folder: string, use: () => Promise<void>): Promise<void> {
  await rename(folder, `${folder}.x`);
  await use();
  await rename(`${folder}.x`, folder);
}

test('a folder out of sight for a moment is neither dead nor empty, whether its owner lives or not', async (t) => {
  const log = await makeLocalLog(t);
  const dead = await makeEnded(log);
  const appender = await log.appender({ segmentBytes, slot: 1 });
  await appender.append(headerOf(), rowsOf('a', 250));
  const logger = loggedEvents();
  const found = await log.reader({ ...keptBySize, logger });
  const living = await found.find(appender.partition);
  const ended = await found.find(dead);
  const [a] = await readCount(living, 1);
  const waiting = living.read(a!.next, 1024);
  await outOfSight(appender.partition!, async () => {
    await until(() => logger.count('log_retention_failed') === 1, { what: 'retention looked for it' });
    await assert.rejects(living.bounds(), /out of sight/);
    await assert.rejects(living.backlog(), /out of sight/);
  });
  await appender.append(headerOf(), rowsOf('b', 250));
  assert.deepEqual((await waiting)!.map(labelOf), ['b']);
  await outOfSight(dead, async () => {
    const cancel = new AbortController();
    const reading = ended.read(0, 1024, cancel.signal);
    await assert.rejects(ended.bounds(), /out of sight/);
    cancel.abort();
    assert.deepEqual(await reading, [], 'it waits');
  });
  assert.equal((await drain(ended)).length, 5);
  await assertTrims(found, await log.appender({ segmentBytes, slot: 2 }));
});

test('a name that was seen is not taken back: no gap where a segment could not be made durable at first', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const appender = await log.appender({ files });
  await appender.append(headerOf(), rowsOf('a', 100));
  const found = await log.reader();
  const partition = await found.find(appender.partition);
  const [a] = await readCount(partition, 1);
  const waiting = readCount(partition, 1, a!.next);
  const synced = new Set<string>();
  files.syncFolder = async (path) => {
    synced.add(path);
    // The reader looks at the name meanwhile.
    await until(() => partition.bounds(), { what: 'a look' });
    throw systemError('EIO');
  };
  files.onWrite = (bytes) => {
    files.onWrite = null;
    throw systemError(bytes > 64 ? 'EIO' : 'EINVAL');
  };
  await assert.rejects(appender.append(headerOf(), rowsOf('b', 100)));
  await until(() => synced.size > 0, { what: 'the next segment was named' });
  const named = (await segmentsOf(appender.partition!)).at(-1)!;
  assert.equal((await segmentsOf(appender.partition!)).length, 2);
  const seen = (await partition.bounds()).end;
  files.syncFolder = makeFaultyFiles().syncFolder;
  await until(() => appender.writable, { what: 'the log to be writable', timeoutMs: 10_000 });
  assert.equal((await segmentsOf(appender.partition!)).at(-1), named);
  await appender.append(headerOf(), rowsOf('c', 100));
  const [c] = await waiting;
  assert.equal(labelOf(c!), 'c');
  assert.ok(c!.position >= seen);
});

test('a partition whose name may not be durable stays, without an owner, and goes as one that was never used', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const realSync = files.syncFolder;
  const isLogDir = (path: string) => path === log.logDir;
  let failed = false;
  files.syncFolder = async (path) => {
    // The first is for the log's own name, the second for the partition's.
    const names = isLogDir(path) ? await readdir(path) : [];
    if (!failed && names.some((name) => name.startsWith('0-'))) {
      failed = true;
      throw systemError('EIO');
    }
    return realSync(path);
  };
  const appender = await log.appender({ files });
  await until(() => appender.writable, { what: 'the log to be writable', timeoutMs: 10_000 });
  assert.ok(failed);
  const names = () => readdir(log.logDir).then((all) => all.filter((name) => name.startsWith('0-')));
  assert.equal((await names()).length, 2);
  await log.reader();
  await until(async () => (await names()).length === 1, { what: 'the unused one to go' });
});

test('where appends fail although segments can be made, it backs off: no file a failure for ever', async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const appender = await log.appender({ files });
  files.onWrite = (bytes) => {
    if (bytes > 64) throw systemError('EIO');
  };
  const waits: number[] = [];
  for (let failures = 0; failures < 6; failures += 1) {
    await until(() => appender.writable, { what: 'the log to be writable', timeoutMs: 10_000 });
    await assert.rejects(appender.append(headerOf(), rowsOf('x', 100)));
    const from = performance.now();
    await until(() => appender.writable, { what: 'the log to be writable', timeoutMs: 10_000 });
    waits.push(performance.now() - from);
  }
  // At least half of 50 ms doubled four times; without a wait it is a few milliseconds.
  assert.ok(waits.at(-1)! >= 400, `waited ${waits.map(Math.round)} ms`);
  files.onWrite = null;
  await appender.append(headerOf(), rowsOf('good', 100));
});

test("DATA_DIR's own name is made durable, and that of the log, whoever made them", async (t) => {
  const log = await makeLocalLog(t);
  const files = makeFaultyFiles();
  const synced: string[] = [];
  const realSync = files.syncFolder;
  files.syncFolder = (path) => {
    synced.push(path);
    return realSync(path);
  };
  await mkdir(log.logDir, { recursive: true });
  await log.reader();
  await log.appender({ files });
  const partition = synced.findIndex((path) => basename(path).startsWith('.making'));
  assert.ok(
    synced.indexOf(log.logDir) < partition,
    'somebody named the log and may not have come to the sync',
  );
  for (let above = dirname(log.logDir); dirname(above) !== above; above = dirname(above))
    assert.ok(synced.includes(above), above);
});
