/** Where the server cannot run it says so before anything else, and what to do. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeProblem, platformProblem, thisMachine } from '../../bin/platform.js';

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

test('Node 22 runs it everywhere, Node 24 and 25 where the newer HTTP server loads, others are told what to do', () => {
  const debian12 = { platform: 'linux', arch: 'x64', glibcVersion: '2.36' };
  const debian13 = { platform: 'linux', arch: 'arm64', glibcVersion: '2.41' };
  const mac = { platform: 'darwin', arch: 'arm64', glibcVersion: undefined };
  const runs = (machine: typeof mac | typeof debian12) =>
    [18, 20, 22, 23, 24, 25, 26].filter((major) => nodeProblem(machine, `${major}.1.0`) === null);
  assert.deepEqual(runs(debian12), [22]);
  assert.deepEqual(runs(debian13), [22, 24, 25]);
  assert.deepEqual(runs(mac), [22, 24, 25]);
  assert.deepEqual(runs({ ...debian12, glibcVersion: '2.38' }), [22, 24, 25]);
  assert.match(nodeProblem(debian12, '24.1.0')!, /Node 22 here .*glibc 2\.36.*this is v24\.1\.0/);
  assert.match(nodeProblem(debian13, '26.0.0')!, /Node 22, 24 or 25 here/);
  assert.equal(nodeProblem(thisMachine(), process.versions.node), null);
});

test('the start on such a machine ends at once, with 78 and the text', () => {
  // The only thing pretended is what the process says of its machine.
  const pretend = `data:text/javascript,Object.defineProperty(process,'arch',{value:'s390x'})`;
  const entry = join(import.meta.dirname, '../../bin/usage-ingest.js');
  const run = spawnSync(process.execPath, ['--import', pretend, entry, 'start'], { encoding: 'utf8' });
  assert.equal(run.status, 78);
  assert.match(run.stderr, /no build of its HTTP server/);
});

test('the start under a Node that cannot run it ends at once, with 78 and the text', () => {
  const pretend = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'26.0.0'}})`;
  const entry = join(import.meta.dirname, '../../bin/usage-ingest.js');
  const run = spawnSync(process.execPath, ['--import', pretend, entry, 'start'], { encoding: 'utf8' });
  assert.equal(run.status, 78);
  assert.match(run.stderr, /usage-ingest runs on Node 22.*this is v26\.0\.0/);
});
