/** Requests that no one should send, and some that one should, by a seed: what a front must stand. */

import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { BodyFormat } from '../../src/front/media-type.ts';
import type { Random } from './random.ts';

export interface FuzzRequest {
  readonly kind: string;
  readonly bytes: Buffer;
  /** Its body as it is after inflation, where it is framed as it should be: exactly one answer is due. */
  readonly body: { readonly bytes: Buffer; readonly format: BodyFormat } | null;
  /** The client leaves when so many bytes have been sent. */
  readonly leavesAfter: number | null;
}

/** Texts that broke something somewhere; those of JSON are escaped by their writer. */
const naughty = [
  '',
  'undefined',
  'null',
  '\\N',
  '\\.',
  "'; drop table usages; --",
  '\u0000',
  '\ud800',
  '\u202eabc',
  '\u{1f469}\u200d\u{1f52c}',
  'é'.repeat(200),
  '\ufeff',
  '$(reboot)',
  '%s%n',
  '__proto__',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  'a\tb\nc',
];
const numbers = [
  '1e400',
  '-0',
  '9007199254740993',
  '1e-400',
  '00',
  '0x10',
  '1478009511',
  '1478009511000',
  '.5',
  '-',
];
const times = [
  '2016-11-01T09:11:51-05:00',
  '2016-11-01 14:11:51 +0000',
  '2016-11-01T09:11:51-0500',
  'Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)',
  'Tue, 01 Nov 2016 14:11:51 GMT',
  '2016-02-30T00:00:00Z',
  'hello 1',
  '1999-12-31T23:59:59Z',
];

export function createFuzzRequests(random: Random): () => FuzzRequest {
  const chance = (share: number) => random.next() < share;
  const key = () => JSON.stringify(random.pick(['doses', 'id', 'patientId', ...naughty]));

  function value(levels: number): string {
    const kind = random.integer(0, levels > 0 ? 7 : 4);
    if (kind <= 1) return JSON.stringify(random.pick(naughty));
    if (kind === 2) return random.pick(numbers);
    if (kind === 3) return random.pick(['true', 'false', 'null', '""', '[]', '{}']);
    if (kind === 4) return String(random.integer(-1e9, 1e9) / 7);
    const parts = Array.from({ length: random.integer(0, 3) }, () => value(levels - 1));
    return kind === 5 ? `[${parts.join(',')}]` : `{${parts.map((part) => `${key()}:${part}`).join(',')}}`;
  }

  function usage(): string {
    const fields = [
      `"patientId":${chance(0.8) ? JSON.stringify(`p-${random.integer(0, 1e6)}`) : value(0)}`,
      `"medication":${chance(0.9) ? '"Albuterol"' : value(1)}`,
      `"timestamp":${chance(0.9) ? JSON.stringify(chance(0.8) ? times[0] : random.pick(times)) : value(0)}`,
    ];
    if (chance(0.3)) fields.push(`${key()}:${value(random.pick([1, 3, 20]))}`);
    if (chance(0.05)) fields.splice(random.integer(0, 2), 1);
    return `{${fields.join(random.pick([',', ', ', ',\r\n\t']))}}`;
  }

  function bodyText(format: BodyFormat): string {
    const count = chance(0.6) ? 1 : random.integer(0, 40);
    const usages = Array.from({ length: count }, usage);
    if (format === 'ndjson')
      return usages.map((line) => line.replace(/[\r\n]/g, ' ')).join(random.pick(['\n', '\r\n', '\n\n']));
    return count === 1 && chance(0.8) ? usages[0]! : `[${usages.join(',')}]`;
  }

  /** One to three bytes changed, added or left out, or the end cut off. */
  function mutated(bytes: Buffer): Buffer {
    let result = bytes;
    for (let i = random.integer(1, 3); i > 0; i--) {
      const at = random.integer(0, result.length);
      const byte = chance(0.5)
        ? Buffer.from(random.pick([...'{}[]",:\\0e- \n']))
        : Buffer.from([random.integer(0, 255)]);
      const rest = result.subarray(at + random.integer(0, 1));
      result = Buffer.concat([result.subarray(0, at), chance(0.8) ? byte : Buffer.alloc(0), rest]);
    }
    return chance(0.1) ? result.subarray(0, random.integer(0, result.length)) : result;
  }

  const bombs = ['[', '{"":', '{},', '\n', ' ', '"a",', '9', '[1],'];
  const bomb = () => {
    const unit = random.pick(bombs);
    return Buffer.from(
      random.pick(['', '[', '{"a":', '{"a":"']) + unit.repeat(random.integer(1_000, 300_000) / unit.length),
    );
  };
  const codings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };

  const head = (fields: string[], line = 'POST /api/usages HTTP/1.1') =>
    Buffer.from(`${[line, 'Host: localhost', ...fields].join('\r\n')}\r\n\r\n`, 'latin1');
  const typeOf = (format: BodyFormat) =>
    `Content-Type: application/${format === 'json' ? 'json' : 'x-ndjson'}`;

  /** Framed as it should be, whatever its body is. */
  function framed(kind: string, bytes: Buffer, format: BodyFormat): FuzzRequest {
    const fields = [typeOf(format)];
    let wire = bytes;
    if (chance(kind === 'bomb' ? 0.9 : 0.2)) {
      const coding = random.pick(Object.keys(codings)) as keyof typeof codings;
      wire = codings[coding](bytes);
      fields.push(`Content-Encoding: ${coding}`);
    }
    if (chance(0.05)) fields.push('Idempotency-Key: a-key');
    const chunked = chance(0.1);
    const body = chunked
      ? Buffer.concat([Buffer.from(`${wire.length.toString(16)}\r\n`), wire, Buffer.from('\r\n0\r\n\r\n')])
      : wire;
    // A chunk of nothing ends them.
    fields.push(chunked && wire.length > 0 ? 'Transfer-Encoding: chunked' : `Content-Length: ${wire.length}`);
    const sent = chunked && wire.length === 0 ? wire : body;
    return { kind, bytes: Buffer.concat([head(fields), sent]), body: { bytes, format }, leavesAfter: null };
  }

  /** Framed in a way that two parsers may read differently, or none at all. */
  function broken(): FuzzRequest {
    const text = usage();
    const length = text.length;
    const forms = [
      () => head([`Content-Length: ${length}`, `Content-Length: ${random.integer(0, length)}`]),
      () => head([`Content-Length: ${length}`, 'Transfer-Encoding: chunked']),
      () => head([`Content-Length: ${random.pick(['-1', '+5', '0x10', '1,1', '99999999999', ' ', '5 5'])}`]),
      () => head(['Transfer-Encoding: xchunked']),
      () => head(['Host: other', `Content-Length: ${length}`]),
      () => head([]),
      () =>
        head(
          Array.from(
            { length: random.integer(1, 200) },
            (_, i) => `X-${i}: ${'a'.repeat(random.integer(0, 60))}`,
          ),
        ),
      () => head([`X: ${'a'.repeat(random.integer(1_000, 20_000))}`]),
      () =>
        head(
          [`Content-Length: ${length}`],
          random.pick([
            'GET / HTTP/1.0',
            'POST /api/usages',
            'PUT /api/usages HTTP/1.1',
            `GET /${'a'.repeat(9_000)} HTTP/1.1`,
            '\x00\x01 / HTTP/1.1',
          ]),
        ),
      () =>
        Buffer.concat([
          head(['Transfer-Encoding: chunked']),
          Buffer.from(
            random.pick([
              'zz\r\n',
              '5;a=b\r\nabcde\r\n0\r\n\r\n',
              'ffffffffffffffff\r\n',
              '0\r\nx:POST /api/usages HTTP/1.1\r\nHost: a\r\n\r\n',
            ]),
          ),
        ]),
      () => Buffer.from(Array.from({ length: random.integer(1, 300) }, () => random.integer(0, 255))),
      () => head([`Content-Length: ${length + random.integer(1, 2e6)}`]),
      () =>
        Buffer.concat([
          head([`Content-Length: ${length}`]),
          Buffer.from(text),
          head([`Content-Length: ${length}`]),
        ]),
    ];
    const bytes = Buffer.concat([random.pick(forms)(), Buffer.from(text)]);
    return { kind: 'broken', bytes, body: null, leavesAfter: bytes.length };
  }

  return () => {
    const format = chance(0.7) ? 'json' : 'ndjson';
    const bytes = () => Buffer.from(bodyText(format));
    const kind = random.next();
    if (kind < 0.35) return framed('usages', bytes(), format);
    if (kind < 0.7) return framed('mutated', mutated(bytes()), format);
    if (kind < 0.73) return framed('bomb', bomb(), format);
    if (kind < 0.75)
      return framed(
        'bytes',
        Buffer.from(Array.from({ length: random.integer(0, 80) }, () => random.integer(0, 255))),
        format,
      );
    if (kind < 0.9) return broken();
    const cut = framed('left', bytes(), format);
    return { ...cut, body: null, leavesAfter: random.integer(0, cut.bytes.length) };
  };
}
