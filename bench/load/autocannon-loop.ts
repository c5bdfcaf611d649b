/**
 * A closed loop by autocannon. It is given a number of requests instead of a time, so that each is answered and rows
 * can be counted against answers; a time would cut off what is in flight.
 */

import autocannon from 'autocannon';
import type { PlanOf } from './plan.ts';
import type { Tally } from './tally.ts';

/** How often autocannon looks whether it is done, milliseconds. */
const lookMs = 20;
/** No answer is waited for longer. */
const timeoutS = 60;

export async function runAutocannon(
  plan: PlanOf<'autocannon'>,
  requests: readonly Buffer[],
  tally: Tally,
): Promise<void> {
  let next = 0;
  const run = autocannon({
    url: plan.url,
    method: 'POST',
    connections: plan.connections,
    amount: plan.pace.requests,
    sampleInt: lookMs,
    timeout: timeoutS,
    // Its own ways of varying a request build each anew, or a copy of all of them for each connection.
    setupClient(client) {
      client.getRequestBuffer = () => requests[next++ % requests.length]!;
    },
  });
  // Its own histogram holds whole milliseconds.
  run.on('response', (_client, status, _bytes, latencyMs) =>
    tally.answer(status, latencyMs, performance.now()),
  );
  run.on('reqError', (error) => tally.failure(error.message));
  await run;
}
