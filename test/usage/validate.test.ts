import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Usage } from '../../src/usage/usage.ts';
import type { UsageProblemCode } from '../../src/usage/usage-problems.ts';
import { validateUsage } from '../../src/usage/validate.ts';
import { assertProperty } from '../support/property.ts';
import { testNowMs, usageText } from '../support/usage-arbitraries.ts';
import { createValidateBySchema } from '../support/usage-by-schema.ts';

const sample = {
  patientId: '100',
  medication: 'Albuterol',
  timestamp: 'Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)',
};
const sampleUsage: Usage = {
  id: null,
  patientId: '100',
  medication: 'Albuterol',
  usedAtMs: Date.UTC(2016, 10, 1, 14, 11, 51),
  utcOffsetMinutes: -300,
  attributes: null,
};
const id = '0190a6e2-6c1f-7abc-8def-0123456789ab';

/** Holds both ways of validating to one result. */
function assertValid(body: string, expected: Partial<Usage>): void {
  const result = validateUsage(JSON.parse(body), testNowMs);
  assert.deepEqual(result, { ...sampleUsage, ...expected });
  assert.deepEqual(bySchema(JSON.parse(body)), result);
}

function assertInvalid(body: string, ...expected: [code: UsageProblemCode, pointer: string][]): void {
  const result = validateUsage(JSON.parse(body), testNowMs);
  assert.deepEqual(
    result,
    expected.map(([code, pointer]) => ({ code, pointer })),
  );
  assert.deepEqual(bySchema(JSON.parse(body)), result);
}

const bySchema = createValidateBySchema(testNowMs);

/** The sample's JSON with some fields as the JSON text given; '' leaves a field out. */
function body(fields: Record<string, string>): string {
  const texts = Object.fromEntries(
    Object.entries(sample).map(([key, value]) => [key, JSON.stringify(value)]),
  );
  const entries = Object.entries({ ...texts, ...fields }).filter(([, text]) => text !== '');
  return `{${entries.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

test('the sample is a usage', () => {
  assertValid(JSON.stringify(sample), {});
  assertValid(JSON.stringify(sample, null, '\t'), {});
});

test('only an object is a usage', () => {
  for (const text of ['null', '1', '"a"', 'true', '[]', '[{}]', JSON.stringify([sample])])
    assertInvalid(text, ['not_an_object', '']);
});

test('everything that is missing is told at once', () => {
  const missing: [UsageProblemCode, string][] = [
    ['required', '/patientId'],
    ['required', '/medication'],
    ['required', '/timestamp'],
  ];
  assertInvalid('{}', ...missing);
  assertInvalid('{"a":1e400,"PatientId":"100","patientid":1}', ...missing, ['number_out_of_range', '']);
});

test('patientId is a string of 1 to 128 code points', () => {
  for (const text of ['1', ' ', 'é', '\\', '"', '\u{1f4a8}'.repeat(128), 'a'.repeat(128), '\u00a0', '\ufffe'])
    assertValid(body({ patientId: quoted(text) }), { patientId: text });
  for (const text of [
    '',
    'a'.repeat(129),
    '\u{1f4a8}'.repeat(129),
    `${'\u{1f4a8}'.repeat(128)}a`,
    'a'.repeat(100_000),
  ])
    assertInvalid(body({ patientId: quoted(text) }), ['patient_id_length', '/patientId']);
});

test('patientId is a safe integer, and the same patient as its digits', () => {
  for (const [text, patientId] of [
    ['100', '100'],
    ['1e2', '100'],
    ['100.0', '100'],
    ['0', '0'],
    ['-0', '0'],
    ['-7', '-7'],
    ['9007199254740991', '9007199254740991'],
    ['-9007199254740991', '-9007199254740991'],
  ] as const)
    assertValid(body({ patientId: text }), { patientId });
  for (const text of [
    '9007199254740992',
    '-9007199254740992',
    '1.5',
    '1e400',
    '-1e400',
    '1e21',
    'true',
    'null',
    '{}',
    '["100"]',
  ])
    assertInvalid(body({ patientId: text }), ['patient_id_type', '/patientId']);
});

test('medication is a string of 1 to 256 code points', () => {
  for (const text of ['a', 'Budesonid/Formoterol 160/4,5 µg', 'a'.repeat(256), '\u{1f4a8}'.repeat(256)])
    assertValid(body({ medication: quoted(text) }), { medication: text });
  for (const text of ['', 'a'.repeat(257), '\u{1f4a8}'.repeat(257)])
    assertInvalid(body({ medication: quoted(text) }), ['medication_length', '/medication']);
  for (const text of ['1', 'null', 'false', '[]', '{}', '["Albuterol"]'])
    assertInvalid(body({ medication: text }), ['medication_type', '/medication']);
});

test('no text holds control characters or lone surrogates, at any depth, as value or key', () => {
  const faulty: [text: string, code: UsageProblemCode][] = [
    ...['\0', '\t', '\n', '\r', '\u001f', '\u007f', '\u0080', '\u0085', '\u009f'].map(
      (text): [string, UsageProblemCode] => [`a${text}`, 'text_control_character'],
    ),
    ...['\ud800', '\udbff', '\udc00', '\udfff', '\udc00\ud800', 'é\ud83d'].map(
      (text): [string, UsageProblemCode] => [text, 'text_not_well_formed'],
    ),
  ];
  for (const [text, code] of faulty) {
    assertInvalid(body({ patientId: quoted(text) }), [code, '/patientId']);
    assertInvalid(body({ medication: quoted(text) }), [code, '/medication']);
    assertInvalid(body({ note: quoted(text) }), [code, '']);
    assertInvalid(body({ [text]: '1' }), [code, '']);
    assertInvalid(body({ list: `[[1,{"b":${quoted(text)}}]]` }), [code, '']);
    assertInvalid(body({ list: `[[1,{${quoted(text)}:null}]]` }), [code, '']);
  }
});

test('a timestamp is of a known form and in range', () => {
  for (const text of ['"hello 1"', '"2016-11-01"', 'null', 'true', '[]', '1e400', '"\\u0000"'])
    assertInvalid(body({ timestamp: text }), ['timestamp_format', '/timestamp']);
  for (const text of ['0', '1478009511', '"1999-12-31T23:59:59Z"', String(testNowMs + 86_400_001)])
    assertInvalid(body({ timestamp: text }), ['timestamp_range', '/timestamp']);
  assertValid(body({ timestamp: '1478009511000.7' }), { utcOffsetMinutes: null });
  assertValid(body({ timestamp: '"2016-11-01T14:11:51+00:00"' }), { utcOffsetMinutes: 0 });
});

test('id is any UUID, answered in lower case', () => {
  const uuids = [id, '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
  for (const uuid of uuids) {
    assertValid(body({ id: quoted(uuid) }), { id: uuid });
    assertValid(body({ id: quoted(uuid.toUpperCase()) }), { id: uuid });
  }
  for (const text of [
    'null',
    '1',
    '{}',
    '""',
    quoted(`{${id}}`),
    quoted(`urn:uuid:${id}`),
    quoted(id.replaceAll('-', '')),
    quoted(`${id} `),
    quoted(`${id}\n`),
    quoted(id.replace('a', 'g')),
    quoted(id.replace('0', '\u0660')),
  ])
    assertInvalid(body({ id: text }), ['id_format', '/id']);
});

test('other fields are kept as JSON, whatever they are called', () => {
  assertValid(body({ dose: '2' }), { attributes: '{"dose":2}' });
  assertValid(body({ dose: 'null', '': '""', a: '{"b":[1,true,"\\u00e9\\\\"]}' }), {
    attributes: '{"dose":null,"":"","a":{"b":[1,true,"é\\\\"]}}',
  });
  assertValid(body({ Id: '1', utcOffsetMinutes: '7', attributes: '{"a":1}' }), {
    attributes: '{"Id":1,"utcOffsetMinutes":7,"attributes":{"a":1}}',
  });
  assertValid(body({ toJSON: '1', constructor: '{"prototype":{}}', hasOwnProperty: '0' }), {
    attributes: '{"toJSON":1,"constructor":{"prototype":{}},"hasOwnProperty":0}',
  });
});

test('__proto__ is data like any other field and reaches no prototype', () => {
  const proto = '{"polluted":true,"patientId":"7","toString":1}';
  const sent = `${JSON.stringify(sample).slice(0, -1)},"__proto__":${proto},"a":{"__proto__":[1]}}`;
  assertValid(sent, { attributes: `{"__proto__":${proto},"a":{"__proto__":[1]}}` });
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  assertInvalid(
    `{"__proto__":${JSON.stringify(sample)}}`,
    ['required', '/patientId'],
    ['required', '/medication'],
    ['required', '/timestamp'],
  );
  assertInvalid(`${JSON.stringify(sample).slice(0, -1)},"__proto__":"\\u0000"}`, [
    'text_control_character',
    '',
  ]);
  assertInvalid(`${JSON.stringify(sample).slice(0, -1)},"__proto__":{"__proto__":1e400}}`, [
    'number_out_of_range',
    '',
  ]);
});

test('numbers among the attributes are safe integers or doubles', () => {
  for (const [text, kept] of [
    ['9007199254740991', '9007199254740991'],
    ['-0', '0'],
    ['1e3', '1000'],
    ['1e-400', '0'],
    ['5e-324', '5e-324'],
    ['0.1', '0.1'],
    ['4503599627370495.5', '4503599627370495.5'],
  ] as const)
    assertValid(body({ n: text }), { attributes: `{"n":${kept}}` });
  for (const text of ['9007199254740992', '-9007199254740993', '1e400', '-1e400', '1e300', '[{"a":1e309}]'])
    assertInvalid(body({ n: text }), ['number_out_of_range', '']);
});

test('attributes take at most 4096 bytes of JSON', () => {
  const frame = '{"a":""}'.length;
  assertValid(body({ a: quoted('x'.repeat(4096 - frame)) }), {
    attributes: `{"a":"${'x'.repeat(4096 - frame)}"}`,
  });
  assertInvalid(body({ a: quoted('x'.repeat(4097 - frame)) }), ['attributes_size', '']);
  // In UTF-8 bytes, and as JSON escapes them.
  assertValid(body({ a: quoted('é'.repeat(2044)) }), { attributes: `{"a":"${'é'.repeat(2044)}"}` });
  assertInvalid(body({ a: quoted(`${'é'.repeat(2044)}x`) }), ['attributes_size', '']);
  assertInvalid(body({ a: quoted('"'.repeat(2045)) }), ['attributes_size', '']);
  // Not as they were sent.
  assertValid(body({ a: `${' '.repeat(10_000)}1.${'0'.repeat(10_000)}` }), { attributes: '{"a":1}' });
  assertInvalid(body({ ['k'.repeat(5_000)]: '1' }), ['attributes_size', '']);
});

test('a usage nests at most 16 levels, itself the first', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const nested = (levels: number) =>
      open.repeat(levels - 1) + (open === '[' ? '' : '1') + close.repeat(levels - 1);
    const inner = (levels: number) =>
      open === '[' ? nested(levels) : `${open.repeat(levels - 2)}{}${close.repeat(levels - 2)}`;
    assertValid(body({ a: inner(16) }), { attributes: `{"a":${inner(16)}}` });
    assertInvalid(body({ a: inner(17) }), ['attributes_depth', '']);
    assertInvalid(body({ a: inner(5_000) }), ['attributes_depth', '']);
  }
});

test('a body that is nothing but nesting is refused without a deep stack', () => {
  const depth = 500_000;
  assertInvalid(body({ a: '['.repeat(depth) + ']'.repeat(depth) }), ['attributes_depth', '']);
  assertInvalid(body({ patientId: '['.repeat(depth) + ']'.repeat(depth) }), [
    'patient_id_type',
    '/patientId',
  ]);
  assertInvalid('['.repeat(depth) + ']'.repeat(depth), ['not_an_object', '']);
});

test('every problem is told, in the order of the fields, with no value and no unknown key', () => {
  assertInvalid(
    `{"secret\\u0000":1e400,"id":"secret","b":[${'['.repeat(20)}${']'.repeat(20)}],"c":"\\ud800","timestamp":"secret","medication":"${'s'.repeat(257)}\\u0001\\ud800","patientId":1.5}`,
    ['patient_id_type', '/patientId'],
    ['medication_length', '/medication'],
    ['text_not_well_formed', '/medication'],
    ['text_control_character', '/medication'],
    ['timestamp_format', '/timestamp'],
    ['id_format', '/id'],
    ['text_not_well_formed', ''],
    ['text_control_character', ''],
    ['number_out_of_range', ''],
    ['attributes_depth', ''],
  );
});

test('the specialised pass and the schema agree on every usage, hostile or not', () => {
  let valid = 0;
  let runs = 0;
  assertProperty(
    fc.property(usageText({ hostile: true }), (text) => {
      const result = validateUsage(JSON.parse(text), testNowMs);
      assert.deepEqual(result, bySchema(JSON.parse(text)));
      runs++;
      if (!Array.isArray(result)) valid++;
    }),
    4_000,
  );
  // Both kinds must have been among them for the property to say anything.
  assert.ok(valid > runs / 20 && valid < runs * 0.95, `${valid} of ${runs} were valid`);
});

test('what is well-formed and in bounds is accepted, and its attributes are what JSON.stringify gives', () => {
  assertProperty(
    fc.property(usageText({ hostile: false }), (text) => {
      const usage = validateUsage(JSON.parse(text), testNowMs);
      const { patientId: _p, medication: _m, timestamp: _t, id: _i, ...rest } = JSON.parse(text);
      const expected = JSON.stringify(rest);
      if (Array.isArray(usage)) {
        assert.deepEqual(usage, [{ code: 'attributes_size', pointer: '' }]);
        assert.ok(Buffer.byteLength(expected) > 4096);
      } else assert.equal(usage.attributes ?? '{}', expected);
    }),
    2_000,
  );
});
