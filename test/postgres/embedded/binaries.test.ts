import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { completeLinks, findBinaries } from '../../../src/postgres/embedded/binaries.ts';
import { EmbeddedPostgresError } from '../../../src/postgres/embedded/embedded-error.ts';

test('links that a blocked install script left out are laid, and none outside the package', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'usage-links-'));
  t.after(() => rm(root, { recursive: true }));
  await mkdir(join(root, 'native/lib'), { recursive: true });
  const list = [
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
    { source: 'native/lib/libpq.so.5.18', target: '../escaped.so' },
    { source: '../../etc/passwd', target: 'native/lib/passwd' },
  ];
  await writeFile(join(root, 'native/pg-symlinks.json'), JSON.stringify(list));
  await completeLinks(root, 'a-package');
  assert.equal(await readlink(join(root, 'native/lib/libpq.so.5')), 'libpq.so.5.18');
  await assert.rejects(readlink(join(root, '../escaped.so')), { code: 'ENOENT' });
  await assert.rejects(readlink(join(root, 'native/lib/passwd')), { code: 'ENOENT' });
  await completeLinks(root, 'a-package');
});

test('a platform without programs, or without the package, is said with what to do', async () => {
  for (const [platform, arch, what] of [
    ['win32', 'x64', /no embedded Postgres for win32\/x64/],
    ['darwin', process.platform === 'darwin' && process.arch === 'x64' ? 'arm64' : 'x64', /npm ci/],
  ] as const) {
    await assert.rejects(findBinaries(platform, arch), (error) => {
      assert.ok(error instanceof EmbeddedPostgresError);
      assert.equal(error.reason, 'binaries');
      assert.match(error.message, what);
      assert.match(error.message, /DATABASE_URL/);
      return true;
    });
  }
});
