/** What a body may be: its media type, its encoding, its size. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { assertProblem, post, startFront, usage } from '../support/front.ts';

test('every media type of the contract is taken, in any case, with parameters', async (t) => {
  const { port } = await startFront(t);
  for (const type of [
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json ; foo=bar',
    'application/vnd.api+json',
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
  ])
    assert.equal((await post(port, usage, { 'content-type': type })).status, 201, type);
  assert.equal((await post(port, JSON.stringify(usage, null, '\t'))).status, 201, 'none, pretty-printed');
});

test('other media types and charsets are 415', async (t) => {
  const { port } = await startFront(t);
  for (const type of [
    'text/html',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json, application/json',
    'json',
    ';',
    'image/svg+json',
  ])
    assertProblem(await post(port, usage, { 'content-type': type }), 415, 'unsupported_media_type');
});

const compressors = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
};

test('every content encoding is inflated; others, and several, are 415', async (t) => {
  const { port } = await startFront(t);
  const body = Buffer.from(JSON.stringify(usage));
  for (const [coding, compress] of Object.entries(compressors)) {
    assert.equal((await post(port, compress(body), { 'content-encoding': coding })).status, 201, coding);
    const upper = { 'content-encoding': coding.toUpperCase() };
    assert.equal((await post(port, compress(body), upper)).status, 201, coding);
  }
  assert.equal((await post(port, body, { 'content-encoding': 'identity' })).status, 201);
  for (const coding of ['compress', 'gzip, gzip', 'gzip,br', 'x'])
    assertProblem(await post(port, body, { 'content-encoding': coding }), 415, 'unsupported_encoding');
});

test('a damaged, cut or followed compressed body is 400', async (t) => {
  const { port } = await startFront(t);
  const body = Buffer.from(JSON.stringify(usage));
  for (const [coding, compress] of Object.entries(compressors)) {
    const whole = compress(body);
    const damaged = Buffer.from(whole);
    damaged[0]! ^= 0xff;
    const headers = { 'content-encoding': coding };
    assertProblem(await post(port, whole.subarray(0, -6), headers), 400, 'malformed_encoding');
    for (const garbage of ['x', '\0', 'garbage that is longer than a header'])
      assertProblem(
        await post(port, Buffer.concat([whole, Buffer.from(garbage)]), headers),
        400,
        'malformed_encoding',
      );
    if (coding !== 'br') assertProblem(await post(port, damaged, headers), 400, 'malformed_encoding');
    assertProblem(await post(port, '', headers), 422, 'no_usages');
  }
  const raw = deflateRawSync(body);
  assertProblem(await post(port, raw, { 'content-encoding': 'deflate' }), 400, 'malformed_encoding');
  assertProblem(await post(port, body, { 'content-encoding': 'gzip' }), 400, 'malformed_encoding');
});

test('a body at the limit is taken, one byte more is 413', async (t) => {
  const { port } = await startFront(t, { USAGE_BODY_BYTES_MAX: '2000', USAGE_INFLATED_BYTES_MAX: '4000' });
  const padded = (bytes: number) => JSON.stringify(usage).padEnd(bytes);
  assert.equal((await post(port, padded(2000))).status, 201);
  assertProblem(await post(port, padded(2001)), 413, 'body_too_large');
  for (const [coding, compress] of Object.entries(compressors)) {
    const headers = { 'content-encoding': coding };
    assert.equal((await post(port, compress(Buffer.from(padded(4000))), headers)).status, 201, coding);
    assertProblem(await post(port, compress(Buffer.from(padded(4001))), headers), 413, 'inflated_too_large');
  }
});
