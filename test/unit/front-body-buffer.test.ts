import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BodyBuffer } from '../../src/front/body-buffer.ts';

const seed = Number(process.env.TEST_SEED ?? Date.now() % 2 ** 31);

test('whatever the pieces, the bytes are theirs in order, and the capacity follows what has arrived', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 3_000 })),
      fc.integer({ min: 0, max: 20_000 }),
      (pieces, max) => {
        const buffer = new BodyBuffer(max);
        const taken: Uint8Array[] = [];
        let length = 0;
        for (const piece of pieces) {
          const fits = length + piece.length <= max;
          assert.equal(buffer.append(piece), fits);
          if (!fits) break;
          taken.push(piece);
          length += piece.length;
          assert.ok(buffer.capacity <= Math.min(max, Math.max(4096, 2 * length)));
        }
        assert.deepEqual(buffer.view(), Buffer.concat(taken));
      },
    ),
    { seed },
  );
});
