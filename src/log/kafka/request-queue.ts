/**
 * kafkajs 2.2.4 looks for requests that wait 1,000 times a second, on every connection that ever had an answer: with
 * nothing throttled, the time to its next look is negative, which a timer takes for 1 ms. It took 3 % of a core of
 * each idle process. Where nothing waits there is nothing to look for: whoever lets a request wait asks for a look.
 *
 * To be called before the first client is made; a second call does nothing.
 */

import { createRequire } from 'node:module';

/** What is used here of kafkajs' own class. */
export interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
  prototype: RequestQueue;
};
const schedule = prototype.scheduleCheckPendingRequests;
let isCalm = false;

/** @throws Error where this is not the kafkajs that was looked at */
export function calmRequestQueues(): void {
  if (isCalm) return;
  if (typeof schedule !== 'function') throw new Error('kafkajs has another request queue than that of 2.2.4');
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
  isCalm = true;
}
