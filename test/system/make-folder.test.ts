import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../../src/system/make-folder.ts';

test('a folder is made with all above it, and the first one made is told', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'usage-folder-'));
  t.after(() => rmSync(root, { recursive: true }));
  const path = join(root, 'a', 'b', 'c');
  const made = await Promise.all([makeFolder(path, 0o700), makeFolder(path, 0o700)]);
  assert.ok(made.includes(join(root, 'a')), String(made));
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(await makeFolder(path), undefined);
});

test('where none can be made it ends with the reason', { timeout: 60_000 }, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'usage-folder-'));
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'file'), '');
  await assert.rejects(makeFolder(join(root, 'file')), { code: 'EEXIST' });
  await assert.rejects(makeFolder(join(root, 'file', 'below')), { code: 'ENOTDIR' });
  // The kernel says ENOENT although /proc is there; Node's own way tries for ever.
  if (process.platform === 'linux') await assert.rejects(makeFolder('/proc/x/y'), { code: 'ENOENT' });
});
