/**
 * Requests that are due at fixed times, whatever the server does: request n at start + n / rate. Latency counts from
 * when a request was due, so a server that stalls is charged for all that should have come meanwhile (coordinated
 * omission). Due requests wait, oldest first, for a connection that has its answer; those that still wait a second
 * after the last was due are never sent, and are counted, with the time for which they had waited.
 *
 * autocannon cannot: its `overallRate` gives each connection its share of a second to send as fast as answers come,
 * counts from the sending, and corrects by an expected interval of ceil(1 / rate) = 1 ms, whatever the rate.
 *
 * Timers are whole milliseconds, too coarse beside answers of half a one, and spinning would take a core from the
 * server. So it sleeps in steps, sends what came due meanwhile together, and reads what was answered meanwhile: both are
 * late by half of a step, the first is told as `sentLateMs`. A step is 0.05 ms, or as long as it worked since the last
 * one, up to 0.2: on a slow machine it takes half of a core. Steps of 0.2 ms, which the kernel's slack made 0.3, were
 * most of what was measured on a fast machine: at 16,700 a second p50 of the bare server was 0.51 ms with them and is
 * 0.15, ours 0.62 and 0.40; they cost 16 us of CPU a request where these cost 25.
 */

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { openConnection } from './connection.ts';
import type { PlanOf } from './plan.ts';
import type { Tally } from './tally.ts';

const [stepMsMin, stepMsMax] = [0.05, 0.2];
/** Further ahead, and nothing in flight: a timer is good enough. */
const timerMsMin = 4;
/** How long after the last was due the waiting ones may still be sent. */
const sendingMsMax = 1_000;
/** How long after that answers are waited for: longer than the server's own deadline. */
const answersMsMax = 20_000;

interface Connection {
  readonly socket: Socket;
  /** The number of the request in flight; -1 where there is none. */
  inFlight: number;
}

export async function runOpenLoop(
  plan: PlanOf<'open'>,
  requests: readonly Buffer[],
  tally: Tally,
): Promise<void> {
  const url = new URL(plan.url);
  const { rate, seconds } = plan.pace;
  const total = Math.round(rate * seconds);
  /** The one that rested longest comes first, so that each is used in turn and none rests until the server closes it. */
  const free = new Set<Connection>();
  const connections = new Set<Connection>();
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let startAt = 0;
  /** When the last turn began. */
  let turnAt = 0;
  /** When it slept last, or would have. */
  let wokeAt = 0;
  /** Requests below it were sent; those up to `due` wait. */
  let sent = 0;
  let inFlight = 0;
  let ending = false;

  const dueAt = (n: number) => startAt + (n * 1_000) / rate;

  async function open(): Promise<Connection> {
    const socket = await openConnection(url, {
      onAnswer(status) {
        const now = performance.now();
        tally.answer(status, now - dueAt(connection.inFlight), now);
        connection.inFlight = -1;
        inFlight--;
        free.add(connection);
        sendDue(turnAt);
      },
      onClosed(error) {
        connections.delete(connection);
        if (!ending) replace(connection, error);
      },
    });
    const connection: Connection = { socket, inFlight: -1 };
    connections.add(connection);
    return connection;
  }

  /** The server closed a connection: what was in flight on it has failed, and another takes its place. */
  function replace(closed: Connection, failure: Error | null): void {
    if (closed.inFlight >= 0) {
      inFlight--;
      tally.failure(failure?.message ?? 'closed without an answer');
    } else free.delete(closed);
    open().then(
      (connection) => void free.add(connection),
      (error: Error) => tally.failure(error.message),
    );
  }

  function sendDue(now: number): void {
    for (const connection of free) {
      if (sent === total || dueAt(sent) > now) return;
      free.delete(connection);
      connection.inFlight = sent;
      inFlight++;
      connection.socket.write(requests[sent % requests.length]!);
      sent++;
    }
  }

  /** One turn: what is due is sent, then a short sleep, or a timer where nothing can happen for long. */
  function turn(resolve: () => void): void {
    const now = performance.now();
    const lateMs = now - dueAt(sent);
    // Only then it was the generator that was late; else every connection waited for its answer.
    if (free.size > 0 && sent < total && lateMs >= 0) tally.sentLate(lateMs);
    turnAt = now;
    sendDue(now);
    if (isOver(now)) {
      resolve();
      return;
    }
    const again = () => turn(resolve);
    const later = (ms: number) =>
      setTimeout(() => {
        wokeAt = performance.now();
        again();
      }, ms);
    const untilDueMs = sent < total ? dueAt(sent) - now : Number.POSITIVE_INFINITY;
    // Only answers can change something, and they wake the event loop: no core is taken from the server.
    if (untilDueMs <= 0 || sent === total) later(1);
    else if (inFlight === 0 && untilDueMs > timerMsMin) later(untilDueMs - timerMsMin / 2);
    else {
      const workedMs = performance.now() - wokeAt;
      Atomics.wait(sleeper, 0, 0, Math.min(stepMsMax, Math.max(stepMsMin, workedMs)));
      wokeAt = performance.now();
      setImmediate(again);
    }
  }

  function isOver(now: number): boolean {
    const sendingEndsAt = startAt + seconds * 1_000 + sendingMsMax;
    if (sent < total && now > sendingEndsAt) {
      while (sent < total) tally.unsent(now - dueAt(sent++));
    }
    return sent === total && (inFlight === 0 || now > sendingEndsAt + answersMsMax);
  }

  for (const connection of await Promise.all(Array.from({ length: plan.connections }, open)))
    free.add(connection);
  startAt = performance.now() + 1;
  await new Promise<void>(turn);
  ending = true;
  for (const { socket, inFlight: unanswered } of connections) {
    if (unanswered >= 0) tally.failure('no answer in time');
    socket.destroy();
  }
}
