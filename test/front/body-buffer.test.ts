import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BodyBlocks, BodyBuffer } from '../../src/front/body-buffer.ts';

const seed = Number(process.env.TEST_SEED ?? Date.now() % 2 ** 31);
const blockBytes = 8192;

test('whatever the pieces, the bytes are theirs in order, and the capacity follows what has arrived', () => {
  // Shared by all runs, so that blocks come with what other bodies left in them.
  const blocks = new BodyBlocks();
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 3_000 })),
      fc.integer({ min: 0, max: 20_000 }),
      (pieces, max) => {
        const buffer = new BodyBuffer(blocks, max);
        const taken: Uint8Array[] = [];
        let length = 0;
        for (const piece of pieces) {
          const fits = length + piece.length <= max;
          assert.equal(buffer.append(piece), fits);
          if (!fits) break;
          taken.push(piece);
          length += piece.length;
          assert.equal(buffer.capacity, Math.ceil(length / blockBytes) * blockBytes);
        }
        assert.deepEqual(buffer.takeWhole(), Buffer.concat(taken));
        assert.equal(buffer.capacity, 0);
      },
    ),
    { seed },
  );
});

test('bodies that arrive at once keep to blocks of their own, also after others handed theirs on', () => {
  const blocks = new BodyBlocks();
  const piece = (byte: number) => new Uint8Array(blockBytes + 1).fill(byte);
  const first = new BodyBuffer(blocks, 100_000);
  first.append(piece(1));
  first.clear();
  const bodies = [2, 3, 4].map((byte) => ({ byte, buffer: new BodyBuffer(blocks, 100_000) }));
  for (let round = 0; round < 3; round++)
    for (const { byte, buffer } of bodies) assert.ok(buffer.append(piece(byte)));
  for (const { byte, buffer } of bodies)
    assert.deepEqual(buffer.takeWhole(), Buffer.alloc(3 * (blockBytes + 1), byte));
});
