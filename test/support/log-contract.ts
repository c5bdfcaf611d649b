/** Holds an implementation of src/log/log.ts to the guarantees that are written there, whichever it is. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type LogAppender,
  type LogPartition,
  type LogReader,
  LogUnavailableError,
} from '../../src/log/log.ts';
import type { LogRecord } from '../../src/log/record.ts';
import { headerOf, labelOf, readCount, rowsOf } from './log-records.ts';

/** One log, empty at first, that appenders and readers of a test share. */
export interface LogUnderTest {
  createAppender(): LogAppender;
  createReader(): LogReader;
  remove(): Promise<void>;
}

export interface LogContractOptions {
  readonly name: string;
  createLog(): Promise<LogUnderTest>;
  /** Whether a partition ends with its appender (a front's own) or outlives it (a topic's). */
  readonly partitionsEnd: boolean;
}

/** Declares the contract's tests for one implementation. */
export function holdToLogContract(options: LogContractOptions): void {
  describe(`the log contract, held by ${options.name}`, () => {
    let log: LogUnderTest;
    before(async () => {
      log = await options.createLog();
    });
    after(() => log.remove());

    test('before start nothing is writable', async () => {
      const appender = log.createAppender();
      assert.equal(appender.writable, false);
      await assert.rejects(appender.append(headerOf(), rowsOf('early')), LogUnavailableError);
    });

    test('start and stop give the promise in flight, and stop without start is fine', async () => {
      const appender = log.createAppender();
      assert.equal(appender.start(), appender.start());
      await appender.start();
      assert.equal(appender.writable, true);
      assert.equal(appender.stop(), appender.stop());
      await appender.stop();
      assert.equal(appender.writable, false);
      await assert.rejects(appender.append(headerOf(), rowsOf('late')), LogUnavailableError);
      await log.createAppender().stop();
      await log.createReader().stop();
    });

    test('what was appended is read whole, in order, with its header', async () => {
      await withBoth(log, 5, async ({ appended, partition, records }) => {
        assert.deepEqual(records.map(labelOf), appended);
        for (const [index, record] of records.entries()) {
          assert.deepEqual(record.header, headerOf(index + 1, 1_000 + index));
          assert.ok(record.next > record.position, 'a record has a length');
          assert.ok(index === 0 || record.position >= records[index - 1]!.next, 'positions grow');
        }
        const again = await readCount(partition, 3, records[1]!.next);
        assert.deepEqual(again, records.slice(2), 'reading again gives the same');
      });
    });

    test('a read of few bytes gives at least one record', async () => {
      await withBoth(log, 4, async ({ partition, records }) => {
        const few = await partition.read(records[0]!.position, 1);
        assert.deepEqual(few, records.slice(0, 1));
      });
    });

    test('a waiting read gets what is appended next', async () => {
      await withBoth(log, 1, async ({ appender, partition, records }) => {
        const reading = partition.read(records[0]!.next, 1024);
        await appender.append(headerOf(), rowsOf('awaited'));
        assert.deepEqual((await reading)?.map(labelOf), ['awaited']);
      });
    });

    test('crcBefore names the record that ends at a position', async () => {
      await withBoth(log, 4, async ({ partition, records }) => {
        assert.equal(await partition.crcBefore((await partition.bounds()).first), null);
        for (const record of records) assert.equal(await partition.crcBefore(record.next), record.crc);
        const crcs = new Set(records.map((record) => record.crc));
        assert.equal(crcs.size, records.length, 'different records differ in it');
      });
    });

    test('bounds hold what was appended', async () => {
      await withBoth(log, 3, async ({ partition, records }) => {
        const { first, end } = await partition.bounds();
        assert.ok(first <= records[0]!.position);
        assert.ok(end >= records[2]!.next);
      });
    });

    test('backlog counts what is not stored, before and after it was read', async () => {
      await withBoth(log, 4, async ({ appender, partition, records }) => {
        assert.deepEqual(await partition.backlog(), { records: 4, oldestReceivedAtMs: 1_000 });
        await partition.stored(records[2]!.next);
        assert.deepEqual(await partition.backlog(), { records: 1, oldestReceivedAtMs: 1_003 });
        await appender.append(headerOf(1, 2_000), rowsOf('unread'));
        assert.deepEqual(await partition.backlog(), { records: 2, oldestReceivedAtMs: 1_003 });
        await partition.stored(records[3]!.next);
        assert.deepEqual(await partition.backlog(), { records: 1, oldestReceivedAtMs: 2_000 });
        const [unread] = await readCount(partition, 1, records[3]!.next);
        assert.deepEqual(await partition.backlog(), { records: 1, oldestReceivedAtMs: 2_000 });
        await partition.stored(unread!.next);
        assert.deepEqual(await partition.backlog(), { records: 0, oldestReceivedAtMs: null });
      });
    });

    test('another reader finds the same source, partitions and records', async () => {
      await withBoth(log, 3, async ({ reader, partition, records }) => {
        await partition.stored(records[0]!.next);
        const other = log.createReader();
        const found = await partitionsOf(other, partition.name);
        assert.equal(other.source, reader.source);
        assert.deepEqual(await readCount(found, 3, records[0]!.position), records);
        assert.equal(await found.crcBefore(records[0]!.next), records[0]!.crc);
        await other.stop();
      });
    });

    test('what was handed over is ours, not gone, and went into no other log', async () => {
      await withBoth(log, 1, async ({ reader, partition }) => {
        assert.equal(await reader.unassignedBacklog(), 0);
        assert.deepEqual(await reader.gonePartitions([partition.name]), []);
        assert.deepEqual(await partition.relayed(), { from: 0, to: 0 });
      });
    });

    test('stop aborts the signal and a waiting read', async () => {
      await withBoth(log, 1, async ({ reader, partition, records }) => {
        const reading = partition.read(records[0]!.next, 1024);
        const refused = assert.rejects(reading, { name: 'AbortError' });
        await reader.stop();
        await refused;
        assert.equal(partition.revoked.aborted, true);
      });
    });

    test('after its appender stopped, a partition is read to the end', async () => {
      await withBoth(log, 2, async ({ appender, partition, records }) => {
        await appender.append(headerOf(), rowsOf('last'));
        await appender.stop();
        const rest = await readCount(partition, 1, records[1]!.next);
        assert.deepEqual(rest.map(labelOf), ['last']);
        if (options.partitionsEnd) assert.equal(await partition.read(rest[0]!.next, 1024), null);
      });
    });
  });
}

interface Both {
  readonly appender: LogAppender;
  readonly reader: LogReader;
  readonly partition: LogPartition;
  /** Labels of the records appended. */
  readonly appended: string[];
  readonly records: LogRecord[];
}

let serial = 0;

/** A new appender with `count` records, and a reader that read them. */
async function withBoth(log: LogUnderTest, count: number, use: (both: Both) => Promise<void>): Promise<void> {
  const appender = log.createAppender();
  const reader = log.createReader();
  try {
    await appender.start();
    const appended = Array.from({ length: count }, () => `contract-${++serial}`);
    for (const [index, label] of appended.entries()) {
      await appender.append(headerOf(index + 1, 1_000 + index), rowsOf(label));
    }
    const found = await findRecords(reader, appended);
    await use({ appender, reader, appended, ...found });
  } finally {
    await appender.stop();
    await reader.stop();
  }
}

/** The partition that holds these labels, and their records. */
async function findRecords(
  reader: LogReader,
  labels: string[],
): Promise<{ partition: LogPartition; records: LogRecord[] }> {
  return new Promise((resolve, reject) => {
    const search = async (partition: LogPartition): Promise<void> => {
      const records: LogRecord[] = [];
      let position = (await partition.bounds()).first;
      while (records.length < labels.length) {
        const read = await partition.read(position, 64 * 1024);
        if (read === null) return;
        position = read.at(-1)!.next;
        records.push(...read.filter((record) => labels.includes(labelOf(record))));
      }
      await partition.stored(records[0]!.position);
      resolve({ partition, records });
    };
    const ignoreAbort = (error: Error): void => {
      if (error.name !== 'AbortError') reject(error);
    };
    reader.start((partition) => void search(partition).catch(ignoreAbort)).catch(reject);
  });
}

async function partitionsOf(reader: LogReader, name: string): Promise<LogPartition> {
  return new Promise((resolve, reject) => {
    reader
      .start((partition) => {
        if (partition.name === name) resolve(partition);
      })
      .catch(reject);
  });
}
