/**
 * What a few bytes on the wire can inflate to is refused for what it is, found in its bytes, and put aside again and
 * again meanwhile. How long it holds the event loop, the benchmark says.
 */

import assert from 'node:assert/strict';
import test from 'node:test';
import { hostileBodies } from '../../harness/hostile-bodies.ts';
import { type BodyOutcome, Reading } from '../../src/front/reading.ts';
import { createUsageReader } from '../../src/front/request-usages.ts';
import { createUuidV7 } from '../../src/usage/uuid-v7.ts';
import { usage } from '../support/front.ts';

const MiB = 2 ** 20;
const usagesMax = 10_000;

function reader() {
  const rejected: string[] = [];
  const { read } = createUsageReader({
    usagesMax,
    ids: createUuidV7(),
    onRejected: (code) => rejected.push(code),
  });
  return { read, rejected };
}

/** Reads on whenever it was put aside, as it is where there is no time at all. */
function readWhole(reading: Reading): { outcome: BodyOutcome; steps: number; itemsAtMost: number } {
  let itemsAtMost = 0;
  for (let steps = 1; ; steps++) {
    const before = reading.draft.length;
    const outcome = reading.step(0);
    itemsAtMost = Math.max(itemsAtMost, reading.draft.length - before);
    if (outcome !== null) return { outcome, steps, itemsAtMost };
    if (steps === 1) reading.keep();
  }
}

for (const [name, { format, make, refusal, itemCode }] of Object.entries(hostileBodies))
  test(`${name}: ${refusal ?? itemCode}, with and without a key`, () => {
    const body = make(2 * MiB);
    for (const key of [null, { apiKey: null, key: 'key' }]) {
      const { read, rejected } = reader();
      const read1 = read(body, format, key);
      const { outcome, itemsAtMost } =
        read1 instanceof Reading ? readWhole(read1) : { outcome: read1, itemsAtMost: 0 };
      if (refusal === null) {
        assert.ok('rows' in outcome);
        assert.deepEqual([outcome.rows.length, outcome.rejected, rejected], [0, 1, [itemCode]]);
      } else {
        assert.ok('problem' in outcome);
        assert.equal(outcome.problem, refusal);
        assert.deepEqual(rejected, [itemCode ?? refusal]);
        if (itemCode !== undefined) assert.equal(JSON.parse(outcome.errors!)[0].code, itemCode);
      }
      assert.ok(itemsAtMost <= 16);
    }
  });

test('as many usages as may be, invalid each, are worked off a few at a time', () => {
  const items = Array.from({ length: usagesMax }, () => `{"x":"${'y'.repeat(800)}"}`);
  for (const [format, body] of [
    ['json', `[${items.join(',')}]`],
    ['ndjson', items.join('\n')],
  ] as const) {
    const { read, rejected } = reader();
    const { outcome, steps, itemsAtMost } = readWhole(read(Buffer.from(body), format, null) as Reading);
    assert.ok('rows' in outcome && outcome.rejected === usagesMax);
    assert.equal(rejected.length, usagesMax);
    assert.ok(steps >= usagesMax && itemsAtMost === 1, `${steps} steps, ${itemsAtMost} items`);
  }
});

test('a large honest body is read as a small one is, in slices, plain or not', () => {
  for (const extra of [{}, { doses: 2 }])
    for (const form of ['array', 'ndjson']) {
      const items = Array.from({ length: usagesMax }, (_, i) =>
        JSON.stringify({ ...usage, patientId: i, ...extra }),
      );
      const body = form === 'array' ? `[${items.join(', ')}]` : items.join('\r\n');
      const read = reader().read(Buffer.from(body), form === 'array' ? 'json' : 'ndjson', null) as Reading;
      const { outcome, steps } = readWhole(read);
      assert.ok('rows' in outcome);
      assert.equal(outcome.rows.length, usagesMax);
      assert.deepEqual(
        outcome.rows.map(({ text }) => text.split('\t')[1]),
        Array.from({ length: usagesMax }, (_, i) => String(i)),
      );
      assert.ok(steps > usagesMax / 20, `${steps} steps`);
    }
});

test('one usage too many is found whatever stands before it', () => {
  const items = Array.from({ length: usagesMax + 1 }, () => JSON.stringify(usage));
  for (const last of ['{}', JSON.stringify(usage), '1']) {
    const all = [...items.slice(0, usagesMax), last];
    for (const [format, body] of [
      ['json', `[${all.join(',')}]`],
      ['ndjson', all.join('\n')],
    ] as const) {
      const { outcome } = readWhole(reader().read(Buffer.from(body), format, null) as Reading);
      assert.ok('problem' in outcome && outcome.problem === 'too_many_usages', format);
    }
  }
});

test('a byte order mark is passed over', () => {
  const mark = Buffer.from('\ufeff');
  const body = (text: string) => Buffer.concat([mark, Buffer.from(text)]);
  const text = JSON.stringify(usage);
  for (const [format, of] of [
    ['json', text],
    ['json', `[${text}]`],
    ['ndjson', `${text}\n`],
    ['json', JSON.stringify({ ...usage, doses: 1 })],
  ] as const) {
    const read = reader().read(body(of), format, null);
    const outcome = read instanceof Reading ? readWhole(read).outcome : read;
    assert.ok('rows' in outcome && outcome.rows.length === 1, of);
  }
  const twice = reader().read(Buffer.concat([mark, mark, Buffer.from(text)]), 'json', null);
  assert.ok('problem' in twice && twice.problem === 'malformed_json');
});
