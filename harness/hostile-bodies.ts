/** Bodies that cost a few bytes on the wire and much to read: what a compressed bomb inflates to. */

import type { BodyFormat } from '../src/front/media-type.ts';

export interface HostileBody {
  readonly format: BodyFormat;
  /** @param bytes about as many are made */
  make(bytes: number): Buffer;
  /** What it is refused for as a whole, and what its one usage is refused for; null where it has outcomes by item. */
  readonly refusal: string | null;
  readonly itemCode?: string;
}

const repeated =
  (unit: string, before = '', after = '') =>
  (bytes: number) =>
    Buffer.from(
      before + unit.repeat(Math.floor((bytes - before.length - after.length) / unit.length)) + after,
    );

const members = (of: (i: number) => string) => (bytes: number) => {
  const parts: string[] = [];
  for (let i = 0, length = 2; length < bytes; i++) length += parts[parts.push(of(i)) - 1]!.length + 1;
  return Buffer.from(`{${parts.join(',')}}`);
};

const known = '"patientId":"1","medication":"a","timestamp":"2020-01-01T00:00:00';

export const hostileBodies: Readonly<Record<string, HostileBody>> = {
  'blank lines': { format: 'ndjson', make: repeated('\n'), refusal: 'no_usages' },
  'blank lines of CRLF': { format: 'ndjson', make: repeated('\r\n'), refusal: 'no_usages' },
  'lines of a blank': { format: 'ndjson', make: repeated(' \n'), refusal: 'no_usages' },
  'one line of blanks and a letter': {
    format: 'ndjson',
    make: repeated(' ', '', 'x\n'),
    refusal: null,
    itemCode: 'malformed_json',
  },
  'lines of empty objects': { format: 'ndjson', make: repeated('{}\n'), refusal: 'too_many_usages' },
  'lines of nothing': { format: 'ndjson', make: repeated('x\n'), refusal: 'too_many_usages' },
  'blanks alone': { format: 'json', make: repeated(' '), refusal: 'no_usages' },
  'open brackets': { format: 'json', make: repeated('['), refusal: 'malformed_json' },
  'open objects': {
    format: 'json',
    make: repeated('{"":'),
    refusal: 'invalid_usage',
    itemCode: 'attributes_depth',
  },
  'closing brackets': { format: 'json', make: repeated(']'), refusal: 'malformed_json' },
  'empty objects': { format: 'json', make: repeated('{},', '[', '{}]'), refusal: 'too_many_usages' },
  'empty arrays': { format: 'json', make: repeated('[],', '[', '[]]'), refusal: 'too_many_usages' },
  strings: { format: 'json', make: repeated('"ab",', '[', '"ab"]'), refusal: 'too_many_usages' },
  numbers: { format: 'json', make: repeated('1e9,', '[', '1]'), refusal: 'too_many_usages' },
  commas: { format: 'json', make: repeated(',', '['), refusal: 'malformed_json' },
  'an open string': { format: 'json', make: repeated('\\"', '["'), refusal: 'malformed_json' },
  'a long string': {
    format: 'json',
    make: repeated('a', '"', '"'),
    refusal: 'invalid_usage',
    itemCode: 'not_an_object',
  },
  'many keys': {
    format: 'json',
    make: members((i) => `"${i.toString(36)}x":1`),
    refusal: 'invalid_usage',
    itemCode: 'attributes_size',
  },
  'many keys that are integers': {
    format: 'json',
    make: members((i) => `"${(i * 7919 + 5_000_000) % 4_294_967_294}":1`),
    refusal: 'invalid_usage',
    itemCode: 'attributes_size',
  },
  'one key again and again': {
    format: 'json',
    make: members(() => '"id":1'),
    refusal: 'invalid_usage',
    itemCode: 'attributes_size',
  },
  'a large attribute': {
    format: 'json',
    make: repeated('[1],', `{${known}Z","a":[`, '1]}'),
    refusal: 'invalid_usage',
    itemCode: 'attributes_size',
  },
  'a long number': {
    format: 'json',
    make: repeated('9', '{"a":', '}'),
    refusal: 'invalid_usage',
    itemCode: 'attributes_size',
  },
  'a long fraction of a second': {
    format: 'json',
    make: repeated('1', `{${known}.`, 'Z"}'),
    refusal: 'invalid_usage',
    itemCode: 'attributes_size',
  },
  'a usage in blanks': {
    format: 'json',
    make: repeated(' ', '{', '"patientId":1}'),
    refusal: 'invalid_usage',
    itemCode: 'attributes_size',
  },
  'a large usage, then many': {
    format: 'json',
    make: repeated('"x",', '[{"a":[', '1]}]'),
    refusal: null,
    itemCode: 'attributes_size',
  },
  'a deep usage in an array': {
    format: 'json',
    make: (bytes) => Buffer.from(`[${'{"a":'.repeat(bytes / 6)}1${'}'.repeat(bytes / 6)}]`),
    refusal: null,
    itemCode: 'attributes_depth',
  },
};
