/** Where the server cannot run it says so before anything else, and what to do. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { platformProblem, thisMachine } from '../../bin/platform.js';

const glibcVersion = '2.36';

test('Linux with glibc and macOS can run it, and so can this machine', () => {
  for (const platform of ['linux', 'darwin'])
    for (const arch of ['x64', 'arm64'])
      assert.equal(platformProblem({ platform, arch, glibcVersion }), null);
  assert.equal(platformProblem(thisMachine()), null);
});

test('musl, other systems and other processors are told what to do', () => {
  assert.match(
    platformProblem({ platform: 'linux', arch: 'x64', glibcVersion: undefined })!,
    /musl.*node:22-slim/,
  );
  assert.match(
    platformProblem({ platform: 'win32', arch: 'x64', glibcVersion: undefined })!,
    /win32\/x64.*Debian/,
  );
  assert.match(platformProblem({ platform: 'linux', arch: 's390x', glibcVersion })!, /linux\/s390x/);
});

test('the start on such a machine ends at once, with 78 and the text', () => {
  // The only thing pretended is what the process says of its machine.
  const pretend = `data:text/javascript,Object.defineProperty(process,'arch',{value:'s390x'})`;
  const entry = join(import.meta.dirname, '../../bin/usage-ingest.js');
  const run = spawnSync(process.execPath, ['--import', pretend, entry, 'start'], { encoding: 'utf8' });
  assert.equal(run.status, 78);
  assert.match(run.stderr, /no build of its HTTP server/);
});
