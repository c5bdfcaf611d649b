/**
 * Schemathesis makes requests from the document, good ones and bad ones, and holds a whole running server to it:
 * no 5xx, no status, media type, header or body that is not described, good data accepted, bad data refused.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { apiDocumentFile } from '../../src/observability/api-document.ts';
import { apiDocument } from '../support/api-document.ts';
import { createInstance, type Instance } from '../support/instance.ts';
import { needsSchemathesis, runSchemathesis } from '../support/schemathesis.ts';
import { until } from '../support/until.ts';

const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Random requests an operation: with the systematic ones about a minute. */
const examples = 80;
let instance: Instance;

before(async () => {
  if (needsSchemathesis.skip) return;
  instance = await createInstance();
  await instance.start();
});
after(() => instance?.close());

test('the server does what its document says', needsSchemathesis, async () => {
  console.log(`TEST_SEED=${seed}`);
  const { url: serverUrl } = instance;
  const document = fileURLToPath(apiDocumentFile);
  const { code, output } = await runSchemathesis({ document, serverUrl, seed, examples });
  assert.equal(code, 0, `TEST_SEED=${seed}\n${output}`);
  assert.match(output, /No issues found/);
  const { paths } = apiDocument;
  const operations = Object.values(paths).flatMap((path) => Object.keys(path)).length;
  assert.match(output, new RegExp(`Tested: ${operations}\\b`));
});

test('what it sent is stored: nothing was accepted that Postgres refuses', needsSchemathesis, async () => {
  // A process tells its counts once a second, each at its own time: what was accepted last may be told last.
  await until(
    async () => {
      const [accepted, stored, duplicates] = await Promise.all([
        instance.metric('usage_accepted_total'),
        instance.metric('usage_stored_total'),
        instance.metric('usage_duplicate_total'),
      ]);
      return accepted > 0 && stored + duplicates === accepted;
    },
    { what: 'all accepted usages are stored' },
  );
  assert.equal(await instance.metric('usage_dead_letters_total'), 0);
  assert.equal(await instance.metric('usage_role_restarts_total'), 0);
  assert.doesNotMatch(instance.output(), /request_defect/);
});

test('a document that says less than the server does is found out', needsSchemathesis, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'usage-document-'));
  t.after(() => rm(folder, { recursive: true }));
  const document = join(folder, 'openapi.json');
  const { 201: _, ...responses } = apiDocument.paths['/api/usages']!.post!.responses;
  const post = { ...apiDocument.paths['/api/usages']!.post, responses };
  const paths = { ...apiDocument.paths, '/api/usages': { post } };
  await writeFile(document, JSON.stringify({ ...apiDocument, paths }));
  const run = { document, serverUrl: instance.url, seed, examples: 1, phases: 'examples' };
  const { code, output } = await runSchemathesis(run);
  assert.equal(code, 1, output);
  assert.match(output, /Undocumented status code\s+Received: 201/);
});
