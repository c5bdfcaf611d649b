/** The HTTP tests once more where the newer of the HTTP server's packages loads, and Node 24 and 25 with it. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { loadUws } from '../../src/front/uws.ts';
import {
  debianRoot,
  missingForDebian,
  nodeOfDebian,
  nodesOfDebian,
  runInDebian,
} from '../support/debian-root.ts';

const missing = missingForDebian();
const here = await loadUws();
const httpTests = readdirSync(join(import.meta.dirname, '..', 'front'))
  .filter((name) => /^http-.*\.test\.ts$/.test(name))
  .map((name) => `test/front/${name}`);
const quiet = '--disable-warning=ExperimentalWarning';

// On a system as new as that the tests run on the newer package anyway.
if (here.insteadOf === undefined)
  it('this system loads the newer HTTP server', () => assert.equal(here.release, '20.57'));
else
  describe('on Debian 13', { skip: missing !== null && `needs ${missing}`, timeout: 900_000 }, () => {
    let root: string;
    before(async () => {
      root = await debianRoot();
    });

    it('the newer HTTP server is the one that loads', async () => {
      const script = `import('./src/front/uws.ts').then(async (m) => { const { uws, ...which } = await m.loadUws(); console.log(JSON.stringify(which)); })`;
      const { code, output } = await runInDebian(root, ['node', quiet, '-e', script]);
      assert.equal(code, 0, output);
      assert.deepEqual(JSON.parse(output), { package: '@btc-vision/uwebsockets.js', release: '20.57' });
    });

    it('every HTTP test passes', async () => {
      const { code, output } = await runInDebian(root, ['node', 'test/run.ts', ...httpTests]);
      assert.equal(code, 0, output);
      assert.match(output, /ℹ pass [1-9]\d\d?\nℹ fail 0\n/);
    });

    for (const version of nodesOfDebian)
      it(`Node ${version} checks its settings and passes the tests of framing`, async () => {
        const node = nodeOfDebian(version);
        const check = await runInDebian(root, [node, quiet, 'bin/usage-ingest.js', 'check-config']);
        assert.equal(check.code, 0, check.output);
        const tests = ['test/front/http-framing.test.ts', 'test/front/http-pieces.test.ts'];
        const { code, output } = await runInDebian(root, [node, 'test/run.ts', ...tests]);
        assert.equal(code, 0, output);
      });
  });
