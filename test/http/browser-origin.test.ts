import assert from 'node:assert/strict';
import test from 'node:test';
import { listedOrigins, type PageOrigin, pageOrigin } from '../../src/http/browser-origin.ts';

const listed = listedOrigins('https://app.example,capacitor://localhost');
const none = { host: '127.0.0.1:3000', origin: '', secFetchSite: '' };

const onLoopback: [fields: Partial<typeof none>, PageOrigin][] = [
  [{}, 'own'],
  [{ host: 'any.example' }, 'own'],
  [{ origin: 'http://127.0.0.1:3000' }, 'own'],
  [{ host: 'localhost:3000', origin: 'http://localhost:3000', secFetchSite: 'same-origin' }, 'own'],
  [{ secFetchSite: 'none' }, 'own'],
  [{ origin: 'http://127.0.0.1:9464' }, 'foreign'],
  [{ origin: 'http://127.0.0.1:9464', secFetchSite: 'same-site' }, 'foreign'],
  [{ origin: 'http://evil.example', secFetchSite: 'cross-site' }, 'foreign'],
  [{ secFetchSite: 'cross-site' }, 'foreign'],
  [{ secFetchSite: 'something' }, 'foreign'],
  [{ origin: 'null' }, 'foreign'],
  [{ origin: '127.0.0.1:3000' }, 'foreign'],
  [{ host: '', origin: 'http://' }, 'foreign'],
  [{ origin: 'https://app.example,https://app.example' }, 'foreign'],
  // A page whose own name was pointed here.
  [{ host: 'evil.example:3000', origin: 'http://evil.example:3000' }, 'foreign'],
  [{ host: 'evil.example:3000', origin: 'http://evil.example:3000', secFetchSite: 'same-origin' }, 'foreign'],
  [{ origin: 'https://app.example', secFetchSite: 'cross-site' }, 'listed'],
  [{ origin: 'capacitor://localhost' }, 'listed'],
  [{ origin: 'https://app.example.evil.example' }, 'foreign'],
];

for (const [fields, expected] of onLoopback)
  test(`on loopback ${JSON.stringify(fields)} is ${expected}`, () => {
    assert.equal(pageOrigin({ ...none, ...fields }, listed, true), expected);
  });

test('elsewhere a page of the name it was asked by is its own, and no other', () => {
  const of = (origin: string, host = 'api.example') => pageOrigin({ ...none, host, origin }, listed, false);
  assert.equal(of('https://api.example'), 'own');
  assert.equal(of('https://API.example'), 'own');
  assert.equal(of('https://api.example:8443'), 'foreign');
  assert.equal(of('https://www.example'), 'foreign');
});
