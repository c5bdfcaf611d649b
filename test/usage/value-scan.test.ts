/** The byte scanner finds of every JSON value the end that JSON.parse finds, wherever it is put aside. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ValueScan } from '../../src/usage/value-scan.ts';
import { assertProperty } from '../support/property.ts';

const blank = fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r'), maxLength: 3 });
const text = fc
  .tuple(fc.json(), fc.nat({ max: 2 }))
  .map(([json, spaces]) => JSON.stringify(JSON.parse(json), null, spaces));
const behind = fc.constantFrom(',', ']', '}', '', ',{"a":1}', 'x', '"');

/** Runs the scan in pieces of so many bytes. */
function scanned(bytes: Buffer, from: number, piece: number): ValueScan {
  const scan = new ValueScan();
  scan.begin(from);
  while (scan.at < bytes.length) if (scan.run(bytes, Math.min(bytes.length, scan.at + piece))) return scan;
  scan.finish();
  return scan;
}

test('the value and the blanks around it end where they do', () => {
  assertProperty(
    fc.property(
      blank,
      text,
      blank,
      behind,
      fc.integer({ min: 1, max: 9 }),
      (before, value, after, next, piece) => {
        // A scalar with one of these right behind it would be another text.
        fc.pre(after !== '' || !/^[x"]/.test(next) || /[\]}"]$/.test(value));
        const bytes = Buffer.from(`${before}${value}${after}${next}`);
        for (const size of [piece, bytes.length]) {
          const scan = scanned(bytes, 0, size);
          assert.equal(bytes.toString('utf8', scan.start, scan.end), value);
          assert.equal(scan.at, bytes.length - Buffer.byteLength(next));
          assert.equal(scan.excess, null);
        }
      },
    ),
    3_000,
  );
});

test('an array is split into the items that JSON.parse gives', () => {
  assertProperty(
    fc.property(
      fc.array(text, { minLength: 1, maxLength: 5 }),
      blank,
      fc.integer({ min: 1, max: 9 }),
      (items, pad, piece) => {
        const bytes = Buffer.from(`[${items.map((item) => pad + item + pad).join(',')}]`);
        const found: unknown[] = [];
        for (let at = 1; at < bytes.length; ) {
          const scan = scanned(bytes, at, piece);
          found.push(JSON.parse(bytes.toString('utf8', scan.start, scan.end)));
          at = scan.at + 1;
        }
        assert.deepEqual(found, JSON.parse(bytes.toString()));
      },
    ),
    1_000,
  );
});

test('whatever the bytes are, it comes to an end, alike in pieces', () => {
  const any = fc.string({ unit: fc.constantFrom(...'{}[]",:\\ \n1a'), maxLength: 40 });
  assertProperty(
    fc.property(any, fc.integer({ min: 1, max: 5 }), (garbage, piece) => {
      const bytes = Buffer.from(garbage);
      const seen = ({ start, end, at, excess }: ValueScan) => ({ start, end, at, excess });
      assert.deepEqual(seen(scanned(bytes, 0, piece)), seen(scanned(bytes, 0, bytes.length || 1)));
    }),
    5_000,
  );
});

test('a value is too deep at the 17th level, too large beyond its bytes, as an object or not', () => {
  const excess = (value: string) => scanned(Buffer.from(value), 0, 1024).excess;
  const nested = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels);
  assert.equal(excess(`{"a":${nested('[', ']', 15)}}`), null);
  assert.equal(excess(`{"a":${nested('[', ']', 16)}}`), 'attributes_depth');
  assert.equal(excess(nested('[', ']', 17)), 'not_an_object');
  const large = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`;
  assert.equal(excess(large(32 * 1024)), null);
  assert.equal(excess(large(32 * 1024 + 1)), 'attributes_size');
  assert.equal(excess(`{${' '.repeat(256 * 1024 - 2)}}`), null);
  assert.equal(excess(`{${' '.repeat(256 * 1024 - 1)}}`), 'attributes_size');
  assert.equal(excess(`${' '.repeat(300 * 1024)}{}${' '.repeat(300 * 1024)}`), null);
  assert.equal(excess('1'.repeat(32 * 1024 + 1)), 'not_an_object');
});
