/** A closed loop: connections that stay open, each sending its next request when it has its answer. */

import { performance } from 'node:perf_hooks';
import { openConnection } from './connection.ts';
import type { PlanOf } from './plan.ts';
import type { Tally } from './tally.ts';

/** No answer is waited for longer. */
const timeoutMs = 60_000;
/** How often that is looked at. */
const lookMs = 1_000;

/** Until all requests were answered or have failed. */
export async function runClosedLoop(
  plan: PlanOf<'closed'>,
  requests: readonly Buffer[],
  tally: Tally,
): Promise<void> {
  const url = new URL(plan.url);
  const total = plan.pace.requests;
  let next = 0;

  /** One after the other over connections of its own; another takes the place of one that is closed. */
  async function client(): Promise<void> {
    while (next < total) {
      try {
        await exchangeUntilClosed();
      } catch (error) {
        next++; // What was to be sent counts as tried, so that a server that is gone ends the run.
        tally.failure((error as Error).message);
      }
    }
  }

  /** Resolves when no request is left, or the connection is lost. @throws Error where none can be opened */
  async function exchangeUntilClosed(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    /** Since when an answer is waited for; -1 where none is. */
    let sentAt = -1;
    const socket = await openConnection(url, {
      onAnswer(status) {
        const now = performance.now();
        tally.answer(status, now - sentAt, now);
        send(now);
      },
      onClosed(error) {
        if (sentAt >= 0) tally.failure(error?.message ?? 'closed without an answer');
        closed.resolve();
      },
    });
    const looking = setInterval(() => {
      if (sentAt >= 0 && performance.now() - sentAt > timeoutMs)
        socket.destroy(new Error('no answer in time'));
    }, lookMs);

    function send(nowMs: number): void {
      sentAt = -1;
      if (next >= total) return void socket.destroy();
      sentAt = nowMs;
      socket.write(requests[next++ % requests.length]!);
    }

    send(performance.now());
    await closed.promise;
    clearInterval(looking);
  }

  await Promise.all(Array.from({ length: plan.connections }, client));
}
