import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import {
  decodeFrame,
  decodeSegmentFooter,
  decodeSegmentHeader,
  encodeFrameHead,
  encodeSegmentFooter,
  encodeSegmentHeader,
  frameHeadBytes,
  payloadBytesMax,
  SegmentTooNewError,
  segmentFooterBytes,
  segmentHeaderBytes,
} from '../../../src/log/local/segment-format.ts';

const uuid = randomUUID();
const header = { uuid, base: 2 ** 40, previousBase: 2 ** 39, previousEnd: 2 ** 40 - 5, previousCount: 7 };

function frameOf(payload: Buffer): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  encodeFrameHead(head, payload.length, crc32(payload));
  return Buffer.concat([head, payload]);
}

function flip(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

test('a header comes back, and no flipped bit of it goes unseen', () => {
  const bytes = encodeSegmentHeader(header);
  assert.equal(bytes.length, segmentHeaderBytes);
  assert.deepEqual(decodeSegmentHeader(bytes, uuid, header.base), header);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    assert.equal(decodeSegmentHeader(flip(bytes, bit), uuid, header.base), null, `bit ${bit}`);
  }
});

test('a header of another partition, at another base, or cut short is none', () => {
  const bytes = encodeSegmentHeader(header);
  assert.equal(decodeSegmentHeader(bytes, randomUUID(), header.base), null);
  assert.equal(decodeSegmentHeader(bytes, uuid, header.base + 1), null);
  for (let length = 0; length < bytes.length; length += 1) {
    assert.equal(decodeSegmentHeader(bytes.subarray(0, length), uuid, header.base), null);
  }
});

test('a header of a newer release says so', () => {
  const bytes = encodeSegmentHeader(header);
  bytes.writeUInt32LE(2, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  assert.throws(() => decodeSegmentHeader(bytes, uuid, header.base), SegmentTooNewError);
});

test('a footer comes back, and no flipped bit of it goes unseen', () => {
  const bytes = encodeSegmentFooter(10, { end: 2 ** 45, count: 3 });
  assert.equal(bytes.length, segmentFooterBytes);
  assert.deepEqual(decodeSegmentFooter(bytes, 10, 2 ** 45), { end: 2 ** 45, count: 3 });
  assert.equal(decodeSegmentFooter(bytes, 11, 2 ** 45), null);
  assert.equal(decodeSegmentFooter(bytes, 10, 2 ** 45 - 1), null);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    assert.equal(decodeSegmentFooter(flip(bytes, bit), 10, 2 ** 45), null, `bit ${bit}`);
  }
});

test('a frame comes back whole; cut anywhere it is incomplete; with any bit flipped it is not whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), (payload, pick) => {
      const frame = frameOf(Buffer.from(payload));
      const whole = decodeFrame(frame, 0);
      assert.ok(whole.kind === 'whole');
      assert.deepEqual(whole.payload, Buffer.from(payload));
      assert.equal(whole.bytes, frame.length);
      assert.equal(decodeFrame(frame.subarray(0, pick % frame.length), 0).kind, 'incomplete');
      assert.notEqual(decodeFrame(flip(frame, pick % (frame.length * 8)), 0).kind, 'whole');
    }),
  );
});

test('a length that cannot be is damage, not an allocation', () => {
  for (const length of [0, payloadBytesMax + 1, 0x7fffffff, 0xffffffff]) {
    const head = Buffer.alloc(frameHeadBytes);
    head.writeUInt32LE(length, 0);
    assert.equal(decodeFrame(head, 0).kind, 'bad', `${length}`);
  }
});
