import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openServerLog } from '../../../src/postgres/embedded/server-log.ts';
import { until } from '../../support/until.ts';

test('the log of the server is kept short, at its opening and while it grows', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'usage-log-'));
  t.after(() => rm(folder, { recursive: true }));
  t.mock.timers.enable({ apis: ['setInterval'] });
  const path = join(folder, 'server.log');
  await writeFile(path, 'x'.repeat(2_000));
  const log = await openServerLog(path, (error) => assert.fail(error), 1_000);
  assert.equal((await stat(path)).size, 0);
  assert.equal((await stat(`${path}.1`)).size, 2_000);

  writeSync(log.fd, 'said early\n');
  assert.equal(await log.said(), 'said early\n');
  writeSync(log.fd, 'y'.repeat(1_500));
  t.mock.timers.tick(60_000);
  await until(async () => (await stat(path)).size === 0, { what: 'it is cut' });
  assert.match(await readFile(`${path}.1`, 'utf8'), /^said early\ny+$/);
  writeSync(log.fd, 'said late\n');
  assert.equal(await readFile(path, 'utf8'), 'said late\n');
  await log.close();
});
