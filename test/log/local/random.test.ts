/**
 * Random appends, failed writes, crashes, stops, reads, trims and reopenings against a model: a consumer that
 * keeps its position reads every acknowledged record once, in order, and nothing torn.
 */

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLocalAppender, type LocalAppender } from '../../../src/log/local/appender.ts';
import { createLocalReader, type LocalReader } from '../../../src/log/local/reader.ts';
import type { LogPartition } from '../../../src/log/log.ts';
import { silentLogger } from '../../../src/observability/logger.ts';
import { type FaultyFiles, makeFaultyFiles, systemError } from '../../support/faulty-files.ts';
import { makeTempDir } from '../../support/local-log.ts';
import { headerOf, labelOf, rowsOf } from '../../support/log-records.ts';
import { until } from '../../support/until.ts';

const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TEST_SEED=${seed}`);

type Action =
  | { readonly do: 'append'; readonly bytes: number }
  /** A write of which only some bytes (of a thousand) reach the file. */
  | { readonly do: 'fail' | 'crash'; readonly bytes: number; readonly laidPermille: number }
  | { readonly do: 'stop' | 'read' | 'reopen' };

const bytes = fc.oneof({ weight: 4, arbitrary: fc.nat(900) }, { weight: 1, arbitrary: fc.nat(60_000) });
/** Segments that roll often, and some that have zeros laid ahead. */
const segmentBytes = fc.constantFrom(1500, 400 * 1024);
const laidPermille = fc.nat(1000);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('append' as const), bytes }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('fail' as const, 'crash' as const), bytes, laidPermille }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('stop' as const, 'read' as const, 'reopen' as const) }),
  },
);

/** What the database would know of a partition. */
interface Consumed {
  position: number;
  crc: number;
  readonly labels: number[];
}

class Model {
  readonly logDir: string;
  readonly #common: { logDir: string; segmentBytes: number; bytesMax: number; logger: typeof silentLogger };
  readonly #acknowledged = new Map<string, number[]>();
  readonly #consumed = new Map<string, Consumed>();
  #serial = 0;
  #files: FaultyFiles = makeFaultyFiles();
  #appender: LocalAppender | null = null;
  #reader: LocalReader | null = null;
  #partitions: LogPartition[] = [];

  constructor(dataDir: string, segmentBytes: number) {
    this.logDir = join(dataDir, 'log');
    this.#common = { logDir: this.logDir, segmentBytes, bytesMax: 64 * 1024 ** 2, logger: silentLogger };
  }

  async run(step: Action): Promise<void> {
    if (step.do === 'append') return this.append(step.bytes);
    if (step.do === 'fail') return this.fail(step.bytes, step.laidPermille);
    if (step.do === 'crash') return this.crash(step.bytes, step.laidPermille);
    if (step.do === 'stop') return this.stop();
    if (step.do === 'read') return this.read();
    return this.reopen();
  }

  async append(size: number): Promise<void> {
    const appender = await this.#open();
    const label = this.#serial++;
    await appender.append(headerOf(), rowsOf(label, size));
    const name = appender.partition!;
    this.#acknowledged.set(name, [...(this.#acknowledged.get(name) ?? []), label]);
  }

  async fail(size: number, permille: number): Promise<void> {
    const appender = await this.#open();
    await this.#failWrite(appender, size, permille);
    this.#files.bytesLeft = Number.POSITIVE_INFINITY;
    this.#files.failing = {};
    await until(() => appender.writable, { what: 'recovery' });
  }

  /** The file is left cut somewhere behind the last acknowledged byte, without a footer, and the lock is free. */
  async crash(size: number, permille: number): Promise<void> {
    await this.#failWrite(await this.#open(), size, permille);
    await this.stop();
  }

  async #failWrite(appender: LocalAppender, size: number, permille: number): Promise<void> {
    const rows = rowsOf(this.#serial++, size);
    this.#files.failing = { create: systemError('EIO') };
    const frameBytes = rows.length + 60;
    this.#files.bytesLeft = Math.floor((frameBytes * Math.min(permille, 999)) / 1000);
    // A quarter of them lay every byte and fail all the same: such a record may be read, or not.
    this.#files.isLying = permille > 750;
    await assert.rejects(appender.append(headerOf(), rows), { name: 'LogUnavailableError' });
    this.#files.isLying = false;
    if (permille % 2 === 0) await this.read();
  }

  async stop(): Promise<void> {
    await this.#appender?.stop();
    this.#appender = null;
    this.#files = makeFaultyFiles();
  }

  async #open(): Promise<LocalAppender> {
    if (this.#appender) return this.#appender;
    this.#appender = createLocalAppender({ ...this.#common, slot: 0, files: this.#files });
    await this.#appender.start();
    return this.#appender;
  }

  /** Consumes all that was acknowledged so far, as a writer would: from its own position, checking the CRC. */
  async read(): Promise<void> {
    await this.#openReader();
    for (const [folder, labels] of this.#acknowledged) {
      const found = () => this.#partitions.find(({ name }) => folder.endsWith(name));
      const partition = await until(found, { what: folder });
      const consumed = this.#consumed.get(folder) ?? { position: 0, crc: 0, labels: [] };
      this.#consumed.set(folder, consumed);
      while ((consumed.labels.at(-1) ?? -1) < labels.at(-1)!) await this.#consume(partition, consumed);
    }
  }

  async #consume(partition: LogPartition, consumed: Consumed): Promise<boolean> {
    const crc = await partition.crcBefore(consumed.position);
    assert.ok(crc === null || crc === consumed.crc, 'the record before the position is the one consumed');
    const records = await partition.read(consumed.position, 1 + (consumed.position % 4000));
    if (records === null) return false;
    consumed.labels.push(...records.map((record) => Number(labelOf(record))));
    consumed.position = records.at(-1)!.next;
    consumed.crc = records.at(-1)!.crc;
    await partition.stored(consumed.position);
    return true;
  }

  /** Stored segments are trimmed when the reader closes: it keeps them no hour. */
  async reopen(): Promise<void> {
    await this.#reader?.stop();
    this.#reader = null;
    await this.#openReader();
  }

  async #openReader(): Promise<void> {
    if (this.#reader) return;
    this.#partitions = [];
    this.#reader = createLocalReader({ ...this.#common, keepHours: 0 });
    await this.#reader.start((partition) => this.#partitions.push(partition));
  }

  /** Everything is over: every partition is read to its end, and what was acknowledged must be there. */
  async check(): Promise<void> {
    await this.stop();
    await this.reopen();
    await this.read();
    for (const partition of this.#partitions) {
      const folder = join(this.logDir, partition.name);
      const consumed = this.#consumed.get(folder) ?? { position: 0, crc: 0, labels: [] };
      while (await this.#consume(partition, consumed));
      const { labels } = consumed;
      assert.deepEqual(
        labels,
        [...new Set(labels)].sort((a, b) => a - b),
        'once and in order',
      );
      const read = new Set(labels);
      const missing = (this.#acknowledged.get(folder) ?? []).filter((label) => !read.has(label));
      assert.deepEqual(missing, [], 'no acknowledged record is missing');
      assert.equal((await partition.backlog()).records, 0);
    }
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#reader?.stop();
    await rm(this.logDir, { recursive: true, force: true });
  }
}

test('whatever happens, a consumer gets every acknowledged record once, in order', async (t) => {
  const dataDir = await makeTempDir(t);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 3, maxLength: 40 }),
      segmentBytes,
      async (actions, bytes) => {
        const model = new Model(join(dataDir, String(runs++)), bytes);
        try {
          for (const step of actions) await model.run(step);
          await model.check();
        } finally {
          await model.close();
        }
      },
    ),
    { seed, numRuns: 40, interruptAfterTimeLimit: 60_000 },
  );
});
