/** `npm start` is the server: whoever ends npm (a service manager, a script) ends it, in order. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInstance } from '../support/instance.ts';

test('SIGTERM to npm stops the server and all its processes', async (t) => {
  const instance = await createInstance({}, ['npm', 'start']);
  t.after(() => instance.close());
  await instance.start();
  await instance.databaseUrl();
  const [postgres] = await instance.pids('postgres');
  assert.ok(postgres, 'the embedded server runs');
  await instance.stop();
  assert.deepEqual(await instance.pids('postgres'), []);
  assert.match(instance.output(), /stopped/);
});
