/**
 * A connection a request, as a phone that wakes up once a day. autocannon cannot: with `reconnectRate: 1` it counts
 * no answer, and with `Connection: close` it writes its next request into the connection that closes.
 */

import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createAnswerReader } from './answer-reader.ts';
import type { PlanOf } from './plan.ts';
import type { Tally } from './tally.ts';

const timeoutMs = 60_000;

/** `connections` at once, until all requests were answered or have failed. The latency holds the connecting, too. */
export async function runReconnecting(
  plan: PlanOf<'reconnect'>,
  requests: readonly Buffer[],
  tally: Tally,
): Promise<void> {
  const url = new URL(plan.url);
  let next = 0;

  async function client(): Promise<void> {
    while (next < plan.pace.requests) await exchange(requests[next++ % requests.length]!);
  }

  function exchange(request: Buffer): Promise<void> {
    const startedAt = performance.now();
    return new Promise((resolve) => {
      const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
      let status = 0;
      const read = createAnswerReader((received) => {
        status = received;
        const now = performance.now();
        tally.answer(status, now - startedAt, now);
        socket.destroy();
      });
      socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer in time')));
      socket.on('data', (chunk) => {
        try {
          read(chunk);
        } catch (error) {
          socket.destroy(error as Error);
        }
      });
      let failure = 'closed without an answer';
      socket.on('error', (error) => {
        failure = error.message;
      });
      socket.on('close', () => {
        if (status === 0) tally.failure(failure);
        resolve();
      });
      socket.write(request);
    });
  }

  await Promise.all(Array.from({ length: plan.connections }, client));
}
