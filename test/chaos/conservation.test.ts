/**
 * The promise itself: clients post while a front, the writer, Postgres and the supervisor are killed (kill -9)
 * at random points. At the end every id that got a 201 is in `usages` exactly once, and nothing else is.
 */

import { test } from 'node:test';
import { runConservation } from '../support/conservation.ts';

test('nothing acknowledged is lost or doubled under 26 kills', { timeout: 900_000 }, async () => {
  await runConservation({ kills: 26 });
});
