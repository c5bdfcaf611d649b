import assert from 'node:assert/strict';
import { test } from 'node:test';
import { once } from '../../src/system/once.ts';

test('work is begun once, and every caller gets its outcome, a rejection too', async () => {
  let begun = 0;
  const failing = new Error('told to fail');
  const start = once(async () => {
    begun++;
    throw failing;
  });
  const [first, second] = await Promise.allSettled([start(), start()]);
  assert.deepEqual([first, second], Array(2).fill({ status: 'rejected', reason: failing }));
  assert.equal(begun, 1);
});

test('what was never begun is settled; what was, once it is over, however it ended', async () => {
  const done = Promise.withResolvers<never>();
  const start = once(() => done.promise);
  await start.settled();
  let over = false;
  const outcome = assert.rejects(start());
  const settled = start.settled().then(() => {
    over = true;
  });
  await new Promise(setImmediate);
  assert.equal(over, false);
  done.reject(new Error('told to fail'));
  await Promise.all([settled, outcome]);
});
