import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTimestamp } from '../../src/usage/timestamp.ts';
import { assertProperty } from '../support/property.ts';
import { testNowMs, usedAtMs, writtenTimestamp } from '../support/usage-arbitraries.ts';

const nowMs = testNowMs;
const sampleMs = Date.UTC(2016, 10, 1, 14, 11, 51);

const accepted: [value: string | number, ms: number, utcOffsetMinutes: number | null][] = [
  // RFC 3339
  ['2016-11-01T14:11:51Z', sampleMs, null],
  ['2016-11-01t14:11:51z', sampleMs, null],
  ['2016-11-01 14:11:51Z', sampleMs, null],
  ['2016-11-01T14:11:51', sampleMs, null],
  ['2016-11-01 14:11:51', sampleMs, null],
  ['2016-11-01T14:11', sampleMs - 51_000, null],
  ['2016-11-01T14:11Z', sampleMs - 51_000, null],
  ['2016-11-01T09:11-05:00', sampleMs - 51_000, -300],
  ['2016-11-01T09:11:51-05:00', sampleMs, -300],
  ['2016-11-01T19:41:51+05:30', sampleMs, 330],
  ['2016-11-01T09:11:51-0500', sampleMs, -300],
  ['2016-11-01T09:11:51.5-0500', sampleMs + 500, -300],
  ['2016-11-01T14:11-0000', sampleMs - 51_000, null],
  // What iOS prints of a Date.
  ['2016-11-01 14:11:51 +0000', sampleMs, 0],
  ['2016-11-01 09:11:51 -05:00', sampleMs, -300],
  ['2016-11-01T19:11:51 +05:00', sampleMs, 300],
  ['2016-11-02T14:10:51+23:59', sampleMs, 1439],
  ['2016-10-31T14:12:51-23:59', sampleMs, -1439],
  ['2016-11-01T14:11:51+00:00', sampleMs, 0],
  ['2016-11-01T14:11:51-00:00', sampleMs, null],
  ['2016-11-01T14:11:51.1Z', sampleMs + 100, null],
  ['2016-11-01T14:11:51.12', sampleMs + 120, null],
  ['2016-11-01T14:11:51.123+00:00', sampleMs + 123, 0],
  ['2016-11-01T14:11:51.9999999Z', sampleMs + 999, null],
  ['2016-11-01T14:11:51.000999999999Z', sampleMs, null],
  [`2016-11-01T14:11:51.000${'9'.repeat(10_000)}Z`, sampleMs, null],
  ['2016-02-29T00:00:00Z', Date.UTC(2016, 1, 29), null],
  ['2000-02-29T00:00:00Z', Date.UTC(2000, 1, 29), null],
  ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1), null],
  ['2017-01-01T00:59:60.5+01:00', Date.UTC(2017, 0, 1) + 500, 60],
  // Date.prototype.toString
  ['Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)', sampleMs, -300],
  ['Tue Nov 01 2016 09:11:51 GMT-0500', sampleMs, -300],
  ['Tue Nov 01 2016 09:11:51 GMT-0500 (Central Daylight Time)', sampleMs, -300],
  ['Tue Nov 01 2016 17:11:51 GMT+0300 (Москва, стандартное время)', sampleMs, 180],
  ['Tue Nov 01 2016 22:11:51 GMT+0800 (中国标准时间)', sampleMs, 480],
  ['Tue Nov 01 2016 15:11:51 GMT+0100 (GMT(+01:00))', sampleMs, 60],
  ['Tue Nov 01 2016 14:11:51 GMT+0000 ()', sampleMs, 0],
  ['Tue Nov 01 2016 14:11:51 GMT+0000 (Coordinated Universal Time)', sampleMs, 0],
  ['Tue Nov 01 2016 14:11:51 GMT-0000', sampleMs, null],
  // The weekday is that of the sender's zone.
  ['Wed Nov 02 2016 04:11:51 GMT+1400', sampleMs, 840],
  // Date.prototype.toUTCString
  ['Tue, 01 Nov 2016 14:11:51 GMT', sampleMs, null],
  // epoch milliseconds
  [sampleMs, sampleMs, null],
  [sampleMs + 0.999, sampleMs, null],
  // the range, both ends
  ['2000-01-01T00:00:00Z', Date.UTC(2000, 0, 1), null],
  ['1999-12-31T23:59:60Z', Date.UTC(2000, 0, 1), null],
  ['1999-12-31T23:00:00-01:00', Date.UTC(2000, 0, 1), -60],
  [nowMs + 86_400_000, nowMs + 86_400_000, null],
  [nowMs + 86_400_000.5, nowMs + 86_400_000, null],
];

const outOfRange: (string | number)[] = [
  '1999-12-31T23:59:59.999Z',
  '2000-01-01T00:00:00+00:01',
  '0000-01-01T00:00:00Z',
  '0001-02-28T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '9999-12-31T23:59:60Z',
  'Fri Dec 31 1999 23:59:59 GMT+0000',
  'Fri, 31 Dec 1999 23:59:59 GMT',
  0,
  -1,
  -0,
  // Epoch seconds are no milliseconds.
  1_478_009_511,
  Date.UTC(2000, 0, 1) - 0.001,
  nowMs + 86_400_001,
  1e300,
  -1e300,
  Number.MAX_SAFE_INTEGER,
];

const malformed: unknown[] = [
  // what V8's Date.parse takes
  'hello 1',
  '1',
  '2016',
  '2016-11',
  '2016-11-01',
  '2016-11-01T',
  '11/01/2016 14:11:51',
  'Nov 1 2016',
  'Tue Nov 01 2016',
  'Tue Nov 01 2016 09:11:51',
  'Tue Nov 01 2016 09:11:51 (CDT)',
  'Tue Nov 01 2016 09:11:51 GMT',
  'Tue Nov 01 2016 09:11:51 EST-0500',
  'Tue Nov 01 2016 09:11 GMT-0500',
  'Tue Nov 1 2016 09:11:51 GMT-0500',
  'Tue, 01 Nov 2016 14:11:51',
  'Tue, 01 Nov 2016 14:11:51 UTC',
  'Tue, 01 Nov 2016 14:11:51 +0000',
  '2016-11-01 14:11:51  +0000',
  '2016-11-01 14:11:51 Z',
  '2016-11-01 14:11:51 ',
  '2016-11-01 14:11:51+000',
  '2016-11-01 14:11:51+00000',
  '2016-11-01 14:11:51+2400',
  '2016-11-01 14:11:51+0:00',
  'Tue, 01 Nov 2016 14:11:51 GMT+0000',
  'Tue, 1 Nov 2016 14:11:51 GMT',
  '01 Nov 2016 14:11:51 GMT',
  '1478009511000',
  '+002016-11-01T14:11:51Z',
  '12016-11-01T14:11:51Z',
  '-2016-11-01T14:11:51Z',
  '2016-11-01T14:11:51+05',
  '2016-11-01T14:11:51 Z',
  '2016-11-01T14:11:51+5:00',
  '2016-11-01T14:11:51CDT',
  '2016-11-01T14:11:51,5Z',
  '2016-11-01T14:11:51.Z',
  '2016-11-01T14:11:51.',
  '2016-11-01T14:11:51.5.5Z',
  '2016-11-01T14:11.5Z',
  '2016-11-01T14:11:',
  '2016-11-01T14:11:5',
  '2016-11-01T14:11:5Z',
  '2016-11-01T14Z',
  '2016-11-01T14:11:51ZZ',
  '2016-11-01T14:11:51Z ',
  ' 2016-11-01T14:11:51Z',
  '2016-11-01T14:11:51Z\n',
  '2016-11-01  14:11:51Z',
  '2016-11-01_14:11:51Z',
  '2016/11/01T14:11:51Z',
  '20161101T141151Z',
  '2016-W44-2T14:11:51Z',
  '2016-306T14:11:51Z',
  '2016-1-01T14:11:51Z',
  '２０１６-11-01T14:11:51Z',
  '2016-11-01T-1:11:51Z',
  '2016-11-01T14:11:51Z\0',
  '2016-11-01T14:11:51−05:00',
  // no such date or time
  '2016-02-30T00:00:00Z',
  '2015-02-29T00:00:00Z',
  '2100-02-29T00:00:00Z',
  '2016-04-31T00:00:00Z',
  '2016-00-01T00:00:00Z',
  '2016-13-01T00:00:00Z',
  '2016-11-00T00:00:00Z',
  '2016-11-32T00:00:00Z',
  '2016-11-01T24:00:00Z',
  '2016-11-01T23:60:00Z',
  '2016-11-01T23:59:61Z',
  '2016-11-01T14:11:51+24:00',
  '2016-11-01T14:11:51-24:00',
  '2016-11-01T14:11:51+05:60',
  '2016-11-01T14:11:51+99:99',
  // a leap second where none can be
  '2016-11-01T14:11:60Z',
  '2016-11-01T23:59:60Z',
  '2016-12-31T23:59:60+01:00',
  '2016-12-31T22:59:60Z',
  'Sat Dec 31 2016 23:59:60 GMT+0000',
  'Sat, 31 Dec 2016 23:59:60 GMT',
  // what no engine prints
  'Mon Nov 01 2016 09:11:51 GMT-0500 (CDT)',
  'Mon, 01 Nov 2016 14:11:51 GMT',
  'Xyz Nov 01 2016 09:11:51 GMT-0500 (CDT)',
  'tue Nov 01 2016 09:11:51 GMT-0500 (CDT)',
  'Tue nov 01 2016 09:11:51 GMT-0500 (CDT)',
  'Tue Nop 01 2016 09:11:51 GMT-0500 (CDT)',
  'Tue Non 01 2016 09:11:51 GMT-0500 (CDT)',
  'Tue \u014eov 01 2016 09:11:51 GMT-0500 (CDT)',
  'Tue \u014aan 01 2016 09:11:51 GMT-0500',
  'Tue Nov 31 2016 09:11:51 GMT-0500 (CDT)',
  'Tue Nov 01 2016 24:11:51 GMT-0500 (CDT)',
  'Tue Nov 01 2016 09-11-51 GMT-0500 (CDT)',
  'Tue Nov 01 2016 09:11:51 gmt-0500 (CDT)',
  'Tue Nov 01 2016 09:11:51 GMT-05:00',
  'Tue Nov 01 2016 09:11:51 GMT-2400',
  'Tue Nov 01 2016 09:11:51 GMT-0560',
  'Tue Nov 01 2016 09:11:51 GMT 0500',
  'Tue Nov 01 2016 09:11:51 GMT-0500 CDT',
  'Tue Nov 01 2016 09:11:51 GMT-0500 (CDT',
  'Tue Nov 01 2016 09:11:51 GMT-0500 CDT)',
  'Tue Nov 01 2016 09:11:51 GMT-0500 (',
  'Tue Nov 01 2016 09:11:51 GMT-0500 )',
  'Tue Nov 01 2016 09:11:51 GMT-0500(CDT)',
  'Tue Nov 01 2016 09:11:51 GMT-0500 (CDT) ',
  'Tue Nov 01 2016 09:11:51 GMT-0500 ',
  'Tue Nov 01 12016 09:11:51 GMT-0500',
  'Tue Nov 01 -002016 09:11:51 GMT-0500',
  'Invalid Date',
  '',
  '                ',
  // no text, no number
  null,
  undefined,
  true,
  {},
  [],
  ['2016-11-01T14:11:51Z'],
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

test('every form of a timestamp is read, with the zone of its sender', () => {
  for (const [value, ms, utcOffsetMinutes] of accepted)
    assert.deepEqual(parseTimestamp(value, nowMs), { ms, utcOffsetMinutes }, String(value).slice(0, 80));
});

test('an instant before 2000 or more than a day ahead is out of range', () => {
  for (const value of outOfRange)
    assert.equal(parseTimestamp(value, nowMs), 'timestamp_range', String(value));
});

test('anything else is no timestamp, whatever Date.parse makes of it', () => {
  for (const value of malformed)
    assert.equal(parseTimestamp(value, nowMs), 'timestamp_format', JSON.stringify(value));
});

test("the zone's name is text: no control character, well-formed", () => {
  const named = (name: string) => parseTimestamp(`Tue Nov 01 2016 09:11:51 GMT-0500 (${name})`, nowMs);
  assert.equal(named('C\0DT'), 'text_control_character');
  assert.equal(named('C\u0085T'), 'text_control_character');
  assert.equal(named('\ud800'), 'text_not_well_formed');
});

test('every accepted form is read back to the instant and zone it was written from', () => {
  assertProperty(
    fc.property(writtenTimestamp, ({ written, ms, utcOffsetMinutes }) => {
      const expected = ms < Date.UTC(2000, 0, 1) ? 'timestamp_range' : { ms, utcOffsetMinutes };
      assert.deepEqual(parseTimestamp(written, nowMs), expected);
    }),
    5_000,
  );
});

test('a timestamp with one character changed is refused, or is what Date.parse reads too', () => {
  assertProperty(
    fc.property(
      writtenTimestamp,
      fc.nat(),
      fc.constantFrom(...' 0123456789:+-.,()TZtzGMTabc\u0660\uff10\0'),
      ({ written }, at, character) => {
        const text = String(written);
        const cut = at % (text.length + 1);
        const changed = text.slice(0, cut) + character + text.slice(cut + 1);
        const read = parseTimestamp(changed, nowMs);
        if (typeof read === 'string' || /:60/.test(changed)) return;
        // Date.parse refuses a name with unbalanced parentheses, misreads fractions of more than nine digits,
        // takes RFC 3339 without a zone as local time, and none with a blank before its zone.
        const unnamed = changed
          .replace(/ \(.*\)$/, '')
          .replace(/(\.\d{3})\d+/, '$1')
          .replace(/^(\d{4}-.*\d) +([+-]\d\d:?\d\d)$/, '$1$2');
        const isZoneless =
          /^\d{4}-.*\d:\d\d(:\d\d(\.\d+)?)?$/.test(unnamed) && !/[+-]\d\d:\d\d$/.test(unnamed);
        assert.equal(read.ms, Date.parse(isZoneless ? `${unnamed}Z` : unnamed));
      },
    ),
    5_000,
  );
});

test("this engine's own toString, toUTCString and toISOString are read under many zones", (t) => {
  const zoneBefore = process.env.TZ;
  t.after(() => {
    if (zoneBefore === undefined) delete process.env.TZ;
    else process.env.TZ = zoneBefore;
  });
  for (const zone of [
    'UTC',
    'America/Chicago',
    'Asia/Kolkata',
    'Asia/Kathmandu',
    'Pacific/Kiritimati',
    'America/St_Johns',
  ]) {
    process.env.TZ = zone;
    assertProperty(
      fc.property(usedAtMs, (ms) => {
        const date = new Date(ms);
        const wholeMs = ms - (ms % 1000);
        const offset = 0 - date.getTimezoneOffset();
        assert.deepEqual(parseTimestamp(date.toString(), nowMs), { ms: wholeMs, utcOffsetMinutes: offset });
        assert.deepEqual(parseTimestamp(date.toUTCString(), nowMs), { ms: wholeMs, utcOffsetMinutes: null });
        assert.deepEqual(parseTimestamp(date.toISOString(), nowMs), { ms, utcOffsetMinutes: null });
      }),
      200,
    );
  }
});
