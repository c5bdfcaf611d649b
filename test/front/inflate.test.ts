import assert from 'node:assert/strict';
import test from 'node:test';
import * as zlib from 'node:zlib';
import { createInflater, InflatedTooLargeError, MalformedEncodingError } from '../../src/front/inflate.ts';
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
