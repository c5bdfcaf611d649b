/** The table of log events and the code that logs, held together both ways. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { logEvents } from '../../src/observability/log-events.ts';

const folder = join(import.meta.dirname, '..', '..', 'src');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('log-events.ts'))
  .map((name) => ({
    name,
    text: readFileSync(join(folder, name), 'utf8').replace(/^\s*(\*|\/\/).*$/gm, ''),
  }));

test('every event of the table is logged somewhere', () => {
  const code = files.map(({ text }) => text).join('\n');
  assert.deepEqual(
    Object.keys(logEvents).filter((event) => !code.includes(`'${event}'`)),
    [],
  );
});

test('every event that is logged is in the table', () => {
  let found = 0;
  for (const { name, text } of files)
    for (const [, event] of text.matchAll(/ogger\.(?:debug|info|warn|error)\(\s*'([^']*)'/g)) {
      found++;
      assert.ok(event! in logEvents, `${name} logs ${event}`);
    }
  assert.ok(found > 40, `only ${found} places that log were found`);
});
