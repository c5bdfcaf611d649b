/** A record survives Kafka's headers and value, whatever it holds; what is not ours or damaged is told apart. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import type { IHeaders } from 'kafkajs';
import { decodeRecord, encodeRecordHeaders } from '../../../src/log/kafka/record-headers.ts';
import { encodeHeaderLine, type RecordHeader, RecordTooNewError } from '../../../src/log/record.ts';

const header: RecordHeader = {
  version: 1,
  columns: 'id,patient_id',
  count: 2,
  months: [24_202, 24_203],
  receivedAtMs: 1_700_000_000_000,
};
const rows = Buffer.from('a\tb\nc\td\n');

/** As kafkajs hands them over. */
const received = (headers: Record<string, string>): IHeaders =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]));

test('what was encoded is decoded, with the CRC that the local log gives it', () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          version: fc.constant(1),
          columns: fc.stringMatching(/^[a-z_]{1,9}(,[a-z_]{1,9}){0,5}$/),
          count: fc.integer({ min: 1, max: 10_000 }),
          months: fc.uniqueArray(fc.integer({ min: 24_000, max: 25_000 }), { minLength: 1, maxLength: 50 }),
          receivedAtMs: fc.integer({ min: 1, max: 2 ** 45 }),
        },
        { noNullPrototype: true },
      ),
      fc.uint8Array({ minLength: 1, maxLength: 500 }),
      (someHeader, bytes) => {
        const value = Buffer.from(bytes);
        const record = decodeRecord(7, received(encodeRecordHeaders(someHeader, value)), value);
        assert.deepEqual(record, {
          position: 7,
          next: 8,
          crc: crc32(Buffer.concat([Buffer.from(encodeHeaderLine(someHeader)), value])),
          header: someHeader,
          rows: value,
        });
      },
    ),
  );
});

test('any change of a header or of a byte makes it no record of ours', () => {
  const headers = encodeRecordHeaders(header, rows);
  for (const name of Object.keys(headers)) {
    const { [name]: _, ...without } = headers;
    assert.equal(decodeRecord(0, received(without), rows).header, null, `without ${name}`);
    const twice = {
      ...received(headers),
      [name]: [Buffer.from(headers[name]!), Buffer.from(headers[name]!)],
    };
    assert.equal(decodeRecord(0, twice, rows).header, null, `${name} twice`);
    assert.equal(
      decodeRecord(0, received({ ...headers, [name]: '7' }), rows).header,
      null,
      `another ${name}`,
    );
  }
  for (let at = 0; at < rows.length; at++) {
    const damaged = Buffer.from(rows);
    damaged[at]! ^= 1;
    const record = decodeRecord(0, received(headers), damaged);
    assert.deepEqual([record.header, record.rows], [null, damaged]);
  }
  assert.equal(decodeRecord(0, undefined, rows).header, null);
});

test('a newer version is told where the record is whole, and not believed where it is not', () => {
  for (const version of [2, 999_999_999]) {
    const headers = encodeRecordHeaders({ ...header, version }, rows);
    assert.throws(() => decodeRecord(3, received(headers), rows), RecordTooNewError);
    const foreigners: Record<string, string>[] = [
      { 'usage-ingest': `${version}` },
      { ...encodeRecordHeaders(header, rows), 'usage-ingest': `${version}` },
      { ...headers, crc32: `${headers.crc32}00` },
      { ...headers, crc32: '' },
    ];
    for (const foreign of foreigners) {
      const record = decodeRecord(3, received(foreign), rows);
      assert.deepEqual([record.header, record.rows], [null, rows]);
    }
  }
});
