/** Following a key file: its changes are seen, and what is no key file changes nothing. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeyFileError, type KnownKey, keyFileText, readKeyFile } from '../../src/keys/key-file.ts';
import { followKeyFile } from '../../src/keys/known-keys.ts';
import { replaceSmallFile } from '../../src/system/small-files.ts';
import { until } from '../support/until.ts';

const key: KnownKey = {
  id: 'abcdefghij01',
  number: 1,
  name: 'a clinic',
  secretSha256: 'ab'.repeat(32),
  expiresAtMs: null,
  isRevoked: false,
  rate: null,
  burst: null,
};

test('no file, keys, other keys, rubbish, keys again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'usage-keys-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'keys.json');
  const seen: number[] = [];
  const troubles: string[] = [];
  const following = followKeyFile({
    path,
    onKeys: (keys) => seen.push(keys.length),
    trouble: {
      failed: () => troubles.at(-1) !== 'trouble' && troubles.push('trouble'),
      over: () => troubles.at(-1) === 'trouble' && troubles.push('over'),
    },
  });
  t.after(() => following.stop());
  await following.start();
  assert.deepEqual(seen, []);
  await replaceSmallFile(path, keyFileText([]));
  await until(() => seen.length === 1, { what: 'the empty file were seen' });
  await replaceSmallFile(path, keyFileText([key]));
  await until(() => seen.length === 2, { what: 'a key were seen' });
  await replaceSmallFile(path, '{"keys":[{"id":"abcdefghij01"}]}');
  await until(() => troubles.length === 1, { what: 'the rubbish were seen' });
  await replaceSmallFile(path, keyFileText([key, { ...key, id: 'abcdefghij02', number: 2 }]));
  await until(() => seen.length === 3, { what: 'two keys were seen' });
  assert.deepEqual(seen, [0, 1, 2]);
  assert.deepEqual(troubles, ['trouble', 'over']);
});

test('a file that is no key file is an error that quotes nothing of it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'usage-keys-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'keys.json');
  for (const text of ['', 'secret words', '{"keys":7}', '{"keys":[{"id":"secret words"}]}']) {
    await writeFile(path, text);
    await assert.rejects(readKeyFile(path), (error: unknown) => {
      assert.ok(error instanceof KeyFileError);
      assert.match(error.message, /is not a key file/);
      assert.doesNotMatch(error.message, /secret words/);
      return true;
    });
  }
  assert.equal(await readKeyFile(join(folder, 'none')), null);
});
