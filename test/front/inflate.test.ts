import assert from 'node:assert/strict';
import test from 'node:test';
import * as zlib from 'node:zlib';
import { InflatedTooLargeError, MalformedEncodingError } from '../../src/front/inflate.ts';
import { createInflater, InflaterBusyError } from '../../src/front/inflater.ts';
import { isWholeZstd } from '../../src/front/zstd-frames.ts';

const text = (bytes: number) => Buffer.from('{"a": "line of text"}\n'.repeat(bytes / 22 + 1).slice(0, bytes));
const coded = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
} as const;
const wanted = () => true;

test('whatever is cut off a compressed body, it is malformed and never a part of it', async () => {
  const inflater = createInflater({ bytesMax: 1024 * 1024 });
  for (const [coding, compress] of Object.entries(coded) as [keyof typeof coded, typeof zlib.gzipSync][]) {
    const whole = compress(text(2_000));
    assert.deepEqual(await inflater.inflate(coding, whole, wanted), text(2_000));
    for (let length = 0; length < whole.length; length++)
      await assert.rejects(
        inflater.inflate(coding, whole.subarray(0, length), wanted),
        MalformedEncodingError,
        `${coding} cut to ${length} of ${whole.length}`,
      );
  }
});

test('a bomb stops at the cap', async () => {
  const inflater = createInflater({ bytesMax: 64 * 1024 });
  const zeros = Buffer.alloc(32 * 1024 * 1024);
  for (const [coding, compress] of Object.entries(coded) as [keyof typeof coded, typeof zlib.gzipSync][])
    await assert.rejects(inflater.inflate(coding, compress(zeros), wanted), InflatedTooLargeError, coding);
});

test('zstd: frames of every header form are walked to their end', () => {
  const levels = [1, 3, 19];
  for (const bytes of [0, 1, 255, 256, 70_000, 400_000])
    for (const level of levels)
      for (const checksum of [0, 1])
        for (const contentSize of [0, 1]) {
          const params = {
            [zlib.constants.ZSTD_c_compressionLevel]: level,
            [zlib.constants.ZSTD_c_checksumFlag]: checksum,
            [zlib.constants.ZSTD_c_contentSizeFlag]: contentSize,
          };
          const frame = zlib.zstdCompressSync(text(bytes), { params });
          assert.ok(isWholeZstd(frame), `${bytes} bytes, level ${level}`);
          assert.ok(isWholeZstd(Buffer.concat([frame, frame])));
          assert.ok(!isWholeZstd(frame.subarray(0, -1)));
          assert.ok(!isWholeZstd(Buffer.concat([frame, Buffer.from('x')])));
        }
});

test('at most two inflate at once, and who has gone is passed over', async () => {
  const inflater = createInflater({ bytesMax: 1024 * 1024 });
  const body = zlib.gzipSync(text(100_000));
  const asked: number[] = [];
  const all = Array.from({ length: 6 }, (_, i) =>
    inflater.inflate('gzip', body, () => {
      asked.push(i);
      return i !== 3;
    }),
  );
  // Whether one is wanted is asked when its turn comes: two at once, the others later.
  assert.deepEqual(asked, [0, 1]);
  const lengths = (await Promise.all(all)).map(({ length }) => length);
  assert.deepEqual(lengths, [100_000, 100_000, 100_000, 0, 100_000, 100_000]);
  assert.deepEqual(asked, [0, 1, 2, 3, 4, 5]);
});

test('a small body never waits for large ones, which go one at a time', async () => {
  const inflater = createInflater({ bytesMax: 8 * 1024 * 1024 });
  const bomb = zlib.brotliCompressSync(Buffer.alloc(8 * 1024 * 1024 - 1));
  const ended: string[] = [];
  const told = (name: string, work: Promise<Buffer>) =>
    work.then(({ length }) => ended.push(`${name} ${length}`));
  const all = Array.from({ length: 20 }, () => told('large', inflater.inflate('br', bomb, wanted)));
  all.push(told('small', inflater.inflate('gzip', zlib.gzipSync(text(1_000)), wanted)));
  await Promise.all(all);
  // Before it are the first tries of all, which a bomb's costs as little as its own.
  const before = ended.indexOf('small 1000');
  assert.ok(before >= 0 && before <= 4, `${before} large bodies before it`);
  assert.equal(ended.filter((name) => name === 'large 8388607').length, 20);
});

test('what waits is bounded in number and time, and counted at what it may inflate to', async () => {
  let room = 2 * 1024 * 1024;
  let heldMax = 0;
  let held = 0;
  const inflater = createInflater({
    bytesMax: 1024 * 1024,
    waitingMsMax: 1_000,
    hasRoom: (bytes) => held + bytes <= room,
    onHeld(bytes) {
      held += bytes;
      heldMax = Math.max(heldMax, held);
    },
  });
  const large = zlib.gzipSync(text(900_000));
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, () => inflater.inflate('gzip', large, wanted)),
  );
  const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
  assert.ok(refused.every(({ reason }) => reason instanceof InflaterBusyError));
  assert.ok(refused.length >= 1 && refused.length <= 36, `${refused.length} of 100 refused`);
  assert.ok(heldMax <= room && heldMax > 0);
  assert.equal(held, 0);
  room = 0;
  const waiting = inflater.inflate('gzip', large, wanted);
  inflater.check(performance.now() + 900);
  inflater.check(performance.now() + 1_100);
  await assert.rejects(waiting, InflaterBusyError);
});

test('large bodies that wait to be read leave room for a small one', async () => {
  const MiB = 1024 * 1024;
  const room = 32 * MiB;
  let held = 0;
  const inflater = createInflater({
    bytesMax: 8 * MiB,
    hasRoom: (bytes) => held + bytes <= room,
    onHeld(bytes) {
      held += bytes;
    },
  });
  const bomb = zlib.brotliCompressSync(Buffer.alloc(8 * MiB - 1));
  let read = 0;
  const keep = ({ length }: Buffer) => {
    held += length;
    read++;
  };
  for (let i = 0; i < 10; i++) void inflater.inflate('br', bomb, wanted).then(keep, () => {});
  const inflated = async () => inflater.inflate('gzip', zlib.gzipSync(text(1_000)), wanted);
  while (read < 3) await inflated();
  assert.equal((await inflated()).length, 1_000);
  assert.ok(held <= room);
  inflater.check(performance.now() + 10_000);
});
