/** The marks beside a partition: whole or none, and none harms nothing. */

import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { durableFiles } from '../../../src/log/local/durable-files.ts';
import { readRelayed, readStored, writeRelayed, writeStored } from '../../../src/log/local/mark.ts';
import { makeTempDir } from '../../support/local-log.ts';

const nothing = { from: 0, to: 0 };

test('a mark comes back as it was written; where there is none it says nothing', async (t) => {
  const folder = await makeTempDir(t);
  assert.deepEqual(
    [await readStored(durableFiles, folder), await readRelayed(durableFiles, folder)],
    [0, nothing],
  );
  await writeStored(durableFiles, folder, 123);
  for (const relayed of [
    { from: 0, to: 456 },
    { from: 78, to: 456 },
  ]) {
    await writeRelayed(durableFiles, folder, relayed);
    assert.deepEqual(await readRelayed(durableFiles, folder), relayed);
  }
  assert.equal(await readStored(durableFiles, folder), 123);
});

test('a mark cut at any byte, or with any bit flipped, is the mark that was written or none', async (t) => {
  const folder = await makeTempDir(t);
  const path = join(folder, 'relayed');
  const relayed = { from: 1_234, to: 98_765_432 };
  await writeRelayed(durableFiles, folder, relayed);
  const whole = await readFile(path);
  for (let at = 0; at < whole.length; at += 1) {
    await writeFile(path, whole.subarray(0, at));
    assert.deepEqual(await readRelayed(durableFiles, folder), nothing, `cut at ${at}`);
    for (let bit = 0; bit < 8; bit += 1) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 1 << bit;
      await writeFile(path, flipped);
      assert.deepEqual(await readRelayed(durableFiles, folder), nothing, `bit ${bit} of byte ${at}`);
    }
  }
});

test('a folder that is gone needs no mark', async (t) => {
  const folder = join(await makeTempDir(t), 'gone');
  await rm(folder, { recursive: true, force: true });
  await writeStored(durableFiles, folder, 1);
  await writeRelayed(durableFiles, folder, { from: 0, to: 1 });
  assert.equal(await readStored(durableFiles, folder), 0);
});
