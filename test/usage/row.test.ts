import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timestampText } from '../../src/usage/calendar.ts';
import { encodeRow, usageColumns } from '../../src/usage/row.ts';
import type { Usage } from '../../src/usage/usage.ts';
import { validateUsage } from '../../src/usage/validate.ts';
import { assertProperty } from '../support/property.ts';
import { testNowMs, usageText } from '../support/usage-arbitraries.ts';

const id = '0190a6e2-6c1f-7abc-8def-0123456789ab';
const receivedAt = timestampText(testNowMs);
const usage: Usage = {
  id: null,
  patientId: '100',
  medication: 'Albuterol',
  usedAtMs: Date.UTC(2016, 10, 1, 14, 11, 51, 7),
  utcOffsetMinutes: -300,
  attributes: '{"dose":2}',
};

/** What COPY's text format says a row's fields are: its documentation's rules, read by hand. */
function decodeRow(row: string): (string | null)[] {
  assert.ok(row.endsWith('\n'));
  const line = row.slice(0, -1);
  assert.doesNotMatch(line, /[\n\r]/);
  const unescaped: Record<string, string> = {
    n: '\n',
    r: '\r',
    t: '\t',
    b: '\b',
    f: '\f',
    v: '\v',
    '\\': '\\',
  };
  return line.split('\t').map((field) => {
    if (field === '\\N') return null;
    return field.replace(/\\(.)/gsu, (_, character: string) => {
      assert.ok(character in unescaped, 'only escapes with one meaning');
      return unescaped[character]!;
    });
  });
}

test('a row has its fields in the order of the columns', () => {
  assert.equal(
    encodeRow(usage, id, receivedAt),
    `${id}\t100\tAlbuterol\t2016-11-01T14:11:51.007Z\t-300\t2026-11-21T12:00:00.000Z\t{"dose":2}\n`,
  );
  assert.equal(usageColumns, 'id,patient_id,medication,used_at,utc_offset,received_at,attributes');
});

test('null is \\N, and the texts that look like COPY syntax are not', () => {
  const row = encodeRow({ ...usage, utcOffsetMinutes: null, attributes: null }, id, receivedAt);
  assert.match(row, /\t\\N\t2026-11-21T12:00:00.000Z\t\\N\n$/);
  for (const text of ['\\N', '\\.', '\\', '\\\\', '\\t', 'a\\', '\\x41', '\\101']) {
    const encoded = encodeRow({ ...usage, patientId: text, medication: text }, id, receivedAt);
    assert.deepEqual(decodeRow(encoded).slice(1, 3), [text, text]);
  }
  assert.deepEqual(decodeRow(encodeRow({ ...usage, utcOffsetMinutes: 0 }, id, receivedAt))[4], '0');
});

test('a control character that came past validation would still not break the row', () => {
  const text = '\n\r\t\b\f\v\\';
  assert.deepEqual(decodeRow(encodeRow({ ...usage, medication: text }, id, receivedAt))[2], text);
});

test('what is accepted is encoded to a row that decodes to the same fields', () => {
  assertProperty(
    fc.property(usageText({ hostile: true }), (text) => {
      const accepted = validateUsage(JSON.parse(text), testNowMs);
      if (Array.isArray(accepted)) return;
      assert.deepEqual(decodeRow(encodeRow(accepted, id, receivedAt)), [
        id,
        accepted.patientId,
        accepted.medication,
        new Date(accepted.usedAtMs).toISOString(),
        accepted.utcOffsetMinutes === null ? null : String(accepted.utcOffsetMinutes),
        receivedAt,
        accepted.attributes,
      ]);
    }),
    2_000,
  );
});
