import assert from 'node:assert/strict';
import test from 'node:test';
import { bodyFormat, contentCoding } from '../../src/front/media-type.ts';

test('media types are read without regard to case and spaces, parameters quoted or not', () => {
  for (const json of ['', 'application/JSON', 'text/plain ; charset="utf-8"', 'application/fhir+json;a=b'])
    assert.equal(bodyFormat(json), 'json', json);
  for (const ndjson of ['application/x-ndjson', 'application/jsonl;charset=UTF8'])
    assert.equal(bodyFormat(ndjson), 'ndjson', ndjson);
  for (const other of [
    'application/+json',
    'text/json',
    'application/json;charset',
    'application/json;charset="latin1"',
    'application/json;charset="utf-8',
    'application/jsonx',
    ' ',
    'constructor',
    '__proto__',
  ])
    assert.equal(bodyFormat(other), null, other);
});

test('one known content coding at a time', () => {
  assert.equal(contentCoding(''), 'identity');
  assert.equal(contentCoding('GZIP'), 'gzip');
  assert.equal(contentCoding('x-gzip'), 'gzip');
  for (const other of ['gzip,gzip', 'gzip ', 'constructor', '*', 'x-gzip,gzip'])
    assert.equal(contentCoding(other), null, other);
});
