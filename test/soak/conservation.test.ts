/** The conservation run for as long as one asks: SOAK_MINUTES (default 10). */

import { test } from 'node:test';
import { runConservation } from '../support/conservation.ts';

test('nothing acknowledged is lost or doubled, kill after kill', async () => {
  const minutes = Number(process.env.SOAK_MINUTES ?? 10);
  await runConservation({ kills: 1, untilMs: performance.now() + minutes * 60_000 });
});
