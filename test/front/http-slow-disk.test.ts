/** A slow disk holds up the answers that depend on it and nothing else: a real front over the real local log. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { closeAfter } from '../support/close-after.ts';
import { makeFaultyFiles } from '../support/faulty-files.ts';
import { post, send, startFront, usage } from '../support/front.ts';
import { makeLocalLog } from '../support/local-log.ts';
import { until } from '../support/until.ts';

test('health and readiness answer while a write is under way, and the usage only after it', async (t) => {
  const files = makeFaultyFiles();
  const log = await makeLocalLog(t);
  const appender = await log.appender({ files });
  const { port, front } = await startFront(t, {}, { appender });
  closeAfter(t, () => front.stop());

  const write = Promise.withResolvers<void>();
  let writes = 0;
  files.onWrite = () => {
    writes++;
    return write.promise;
  };
  const answers: string[] = [];
  const usages = [1, 2].map(async () => {
    const { status } = await post(port, usage);
    answers.push(`usage ${status}`);
  });
  await until(() => writes === 1, { what: 'the write is under way' });
  for (const path of ['/healthz', '/readyz', '/other']) {
    const { status } = await send(port, { method: 'GET', path });
    answers.push(`${path} ${status}`);
  }
  // What is refused needs no disk either.
  answers.push(`invalid ${(await post(port, {})).status}`);
  assert.deepEqual(answers, ['/healthz 200', '/readyz 200', '/other 404', 'invalid 422']);

  write.resolve();
  await Promise.all(usages);
  assert.deepEqual(answers.slice(4), ['usage 201', 'usage 201']);
});
