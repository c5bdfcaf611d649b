import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatedPages, stalePages } from '../../docs/generate.ts';

test('the generated pages say what the tables say (npm run docs writes them anew)', async () => {
  assert.deepEqual(await stalePages(), []);
});

test('a page that differs is found', async () => {
  assert.deepEqual((await stalePages('/nonexistent')).length, Object.keys(generatedPages()).length);
});
