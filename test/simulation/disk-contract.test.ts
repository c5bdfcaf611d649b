/** The simulated disk answers as the real one does. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskScript } from '../../simulation/contracts/disk-script.ts';
import { durableFiles } from '../../src/log/local/durable-files.ts';
import { simulateWith } from '../support/simulate.ts';

test('the simulated disk answers as the real one does', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'usage-disk-contract-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const real = await diskScript(durableFiles, folder);
  const { output } = await simulateWith('contracts/disk.ts');
  assert.deepEqual(output.trimEnd().split('\n'), real);
});
