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
 * server. So it sleeps in steps of at most 0.1 ms: an error of about that much, told as `sentLateMs`.
 */

import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createAnswerReader } from './answer-reader.ts';
import type { LoadPlan } from './plan.ts';
import type { Tally } from './tally.ts';

const stepMs = 0.1;
/** Further ahead, and nothing in flight: a timer is good enough. */
const timerMsMin = 4;
/** How long after the last was due the waiting ones may still be sent. */
const sendingMsMax = 1_000;
/** How long after that answers are waited for: longer than the server's own deadline. */
const answersMsMax = 20_000;

/** Every answer is read into it, and done with before the next one is: a buffer for each costs a fifth of all. */
const answerBytes = Buffer.allocUnsafeSlow(64 * 1024);

interface Connection {
  socket: Socket;
  /** The number of the request in flight; -1 where there is none. */
  inFlight: number;
  sends(request: Buffer): void;
}

type OpenPlan = LoadPlan & {
  readonly pace: { readonly kind: 'open'; readonly rate: number; readonly seconds: number };
};

export async function runOpenLoop(plan: OpenPlan, requests: readonly Buffer[], tally: Tally): Promise<void> {
  const url = new URL(plan.url);
  const { rate, seconds } = plan.pace;
  const total = Math.round(rate * seconds);
  const free: Connection[] = [];
  const connections = new Set<Connection>();
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let startAt = 0;
  /** Requests below it were sent; those up to `due` wait. */
  let sent = 0;
  let inFlight = 0;
  let ending = false;

  const dueAt = (n: number) => startAt + (n * 1_000) / rate;

  function open(): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: url.hostname,
        port: Number(url.port),
        noDelay: true,
        onread: { buffer: answerBytes, callback: (bytes, buffer) => takeAnswer(buffer.subarray(0, bytes)) },
      });
      const connection: Connection = { socket, inFlight: -1, sends: (request) => socket.write(request) };
      const read = createAnswerReader((status) => {
        const now = performance.now();
        tally.answer(status, now - dueAt(connection.inFlight));
        connection.inFlight = -1;
        inFlight--;
        free.push(connection);
        sendDue(now);
      });
      let failure: Error | null = null;
      socket.once('connect', () => {
        connections.add(connection);
        resolve(connection);
      });
      function takeAnswer(chunk: Uint8Array): boolean {
        try {
          read(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        } catch (error) {
          socket.destroy(error as Error);
        }
        return true;
      }
      socket.on('error', (error) => {
        failure = error;
      });
      socket.on('close', () => {
        if (!connections.delete(connection)) return reject(failure ?? new Error('closed while connecting'));
        if (!ending) replace(connection, failure);
      });
    });
  }

  /** The server closed a connection: what was in flight on it has failed, and another takes its place. */
  function replace(closed: Connection, failure: Error | null): void {
    if (closed.inFlight >= 0) {
      inFlight--;
      tally.failure(failure?.message ?? 'closed without an answer');
    } else free.splice(free.indexOf(closed), 1);
    open().then(
      (connection) => free.push(connection),
      (error: Error) => tally.failure(error.message),
    );
  }

  function sendDue(now: number): void {
    while (sent < total && free.length > 0 && dueAt(sent) <= now) {
      const connection = free.pop()!;
      connection.inFlight = sent;
      inFlight++;
      connection.sends(requests[sent % requests.length]!);
      sent++;
    }
  }

  /** One turn: what is due is sent, then a short sleep, or a timer where nothing can happen for long. */
  function turn(resolve: () => void): void {
    const now = performance.now();
    const lateMs = now - dueAt(sent);
    // Only then it was the generator that was late; else every connection waited for its answer.
    if (free.length > 0 && sent < total && lateMs >= 0) tally.sentLate(lateMs);
    sendDue(now);
    if (isOver(now)) {
      resolve();
      return;
    }
    const again = () => turn(resolve);
    const untilDueMs = sent < total ? dueAt(sent) - now : Number.POSITIVE_INFINITY;
    // Only answers can change something, and they wake the event loop: no core is taken from the server.
    if (untilDueMs <= 0 || sent === total) setTimeout(again, 1);
    else if (inFlight === 0 && untilDueMs > timerMsMin) setTimeout(again, untilDueMs - timerMsMin / 2);
    else {
      Atomics.wait(sleeper, 0, 0, Math.min(stepMs, untilDueMs));
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

  free.push(...(await Promise.all(Array.from({ length: plan.connections }, open))));
  startAt = performance.now() + 1;
  await new Promise<void>(turn);
  ending = true;
  for (const { socket, inFlight: unanswered } of connections) {
    if (unanswered >= 0) tally.failure('no answer in time');
    socket.destroy();
  }
}
