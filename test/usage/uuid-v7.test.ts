import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createUuidV7 } from '../../src/usage/uuid-v7.ts';

const layout = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function msOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function counterOf(id: string): number {
  return Number.parseInt(id.slice(15, 18), 16);
}

/** The 62 bits after the variant, and the variant's two lowest, as RFC 9562's rand_b. */
function randomBits(id: string): bigint {
  return BigInt(`0x${id.slice(19, 23)}${id.slice(24)}`) & ((1n << 62n) - 1n);
}

function assertAscending(ids: string[]): void {
  for (let i = 1; i < ids.length; i++) assert.ok(ids[i - 1]! < ids[i]!, `${ids[i - 1]} then ${ids[i]}`);
}

test('an id has the layout of RFC 9562 and the millisecond it was made in', () => {
  // The timestamp of the RFC's own example, 017f22e2-79b0-7cc3-98c4-dc0c0c07398f.
  const rfc = createUuidV7().next(1_645_557_742_000);
  assert.match(rfc, layout);
  assert.equal(rfc.slice(0, 13), '017f22e2-79b0');
  const before = Date.now();
  const id = createUuidV7().next(Date.now());
  assert.match(id, layout);
  assert.ok(msOf(id) >= before && msOf(id) <= Date.now());
  assert.equal(msOf(createUuidV7().next(0)), 0);
  assert.equal(msOf(createUuidV7().next(2 ** 48 - 2)), 2 ** 48 - 2);
});

test('ids of one generator ascend, also within a millisecond and past the counter', () => {
  let ms = 1_700_000_000_000;
  const uuidV7 = createUuidV7();
  const ids: string[] = [];
  for (let i = 0; i < 30_000; i++) {
    if (i % 20_000 === 19_999) ms++;
    ids.push(uuidV7.next(ms));
  }
  assertAscending(ids);
  for (const id of ids) assert.match(id, layout);
  // 30,000 ids need at least seven counters; the milliseconds borrowed are few.
  assert.ok(msOf(ids.at(-1)!) - ms < 20);
});

test('ids ascend while the clock steps back, and follow it again once it has caught up', () => {
  let ms = 1_700_000_000_000;
  const uuidV7 = createUuidV7();
  const ids = [uuidV7.next(ms)];
  for (const step of [-1, -3_600_000, 1, 0, 3_600_000, -5]) {
    ms += step;
    for (let i = 0; i < 10; i++) ids.push(uuidV7.next(ms));
  }
  ms += 1_000;
  ids.push(uuidV7.next(ms));
  assertAscending(ids);
  assert.equal(msOf(ids.at(-1)!), ms);
});

test('the counter starts at random below half, anew each millisecond', () => {
  let ms = 1_700_000_000_000;
  const uuidV7 = createUuidV7();
  const seeds = Array.from({ length: 2_000 }, () => counterOf(uuidV7.next(ms++)));
  assert.ok(Math.max(...seeds) <= 0x7ff);
  // Each fails by chance once in far more than 10^20 runs.
  assert.ok(new Set(seeds).size > 500);
});

test('every one of the 62 random bits is drawn anew for every id', () => {
  const uuidV7 = createUuidV7();
  const draws = Array.from({ length: 4_000 }, () => randomBits(uuidV7.next(1_700_000_000_000)));
  for (let bit = 0n; bit < 62n; bit++) {
    const ones = draws.filter((draw) => (draw >> bit) & 1n).length;
    // Ten standard deviations of a fair coin.
    assert.ok(Math.abs(ones - 2_000) < 320, `bit ${bit} was 1 in ${ones} of 4,000`);
  }
  assert.equal(new Set(draws).size, draws.length);
});

test('no two of the random bits, nor a bit and one of the id before, go together', () => {
  const uuidV7 = createUuidV7();
  const draws = Array.from({ length: 4_001 }, () => {
    const bits = randomBits(uuidV7.next(1_700_000_000_000));
    return Array.from({ length: 62 }, (_, bit) => Number((bits >> BigInt(bit)) & 1n));
  });
  const together = (a: number, b: number, back: number) =>
    draws.slice(1).filter((draw, i) => draw[a] === draws[i + 1 - back]![b]).length;
  for (let a = 0; a < 62; a++)
    for (let b = 0; b < 62; b++)
      for (const back of b < a ? [0, 1] : [1]) {
        const count = together(a, b, back);
        // Ten standard deviations again, 5,735 times.
        assert.ok(Math.abs(count - 2_000) < 320, `bits ${a} and ${b}, ${back} back: ${count} of 4,000`);
      }
});

test('two processes whose clocks stand at the same millisecond share no id', async () => {
  const script = fileURLToPath(new URL('../support/print-uuids.ts', import.meta.url));
  const run = promisify(execFile);
  const count = 20_000;
  const outputs = await Promise.all(
    [1, 2].map(() =>
      run(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', script, String(count), '1700000000000'],
        {
          maxBuffer: 4 * 1024 * 1024,
        },
      ),
    ),
  );
  const ids = outputs.flatMap(({ stdout }) => stdout.trimEnd().split('\n'));
  assert.equal(ids.length, 2 * count);
  assert.equal(new Set(ids).size, 2 * count);
});
