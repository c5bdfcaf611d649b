/** What the console says first: the worst that is true, in words that never claim more than is known. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headlineOf, lostHeadline } from '../../console/headline.js';
import type { ConsoleSnapshot } from '../../src/admin/console/snapshot.ts';
import { consoleSnapshotOf } from '../support/console-snapshot.ts';

const quiet = { overloaded: 0, failed: 0 };
const tell = (change: Partial<ConsoleSnapshot> = {}, lately = quiet) =>
  headlineOf(consoleSnapshotOf(change), lately);
const instance = consoleSnapshotOf().instance;
const kafkaInstance = { ...instance, log: 'kafka' as const, spool: true };
const front = {
  role: 'front' as const,
  worker: 0,
  ready: true,
  cpu: 0,
  loop: 0,
  memoryBytes: 0,
  restarts: 0,
};
const waiting = {
  log: 'local' as const,
  records: 2,
  oldestSeconds: 12,
  bytes: 1_048_576,
  bytesMax: 3_145_728,
};

test('calm: safe, and a newcomer is told to send one', () => {
  const calm = tell();
  assert.deepEqual([calm.tone, calm.sentence], ['ok', 'Every usage is safe.']);
  assert.match(calm.because, /^None has come since the start: send one/);
  const total = { ...consoleSnapshotOf().total, accepted: 1 };
  assert.equal(tell({ total }).because, '1 usage acknowledged since the start. Nothing waits in the log.');
});

test('Postgres away: how much waits, for how long, and how much more may', () => {
  const away = tell({ postgresUp: false, logs: [waiting] });
  assert.equal(away.tone, 'bad');
  assert.equal(away.sentence, 'Postgres is away: usages are kept in the log.');
  assert.equal(
    away.because,
    'Nothing is lost: devices still get their 201. 2 records wait, the oldest for 12 s. The log has room for 2 MiB more.',
  );
});

test('no writer yet is a start; one that was restarted is away', () => {
  assert.match(tell({ postgresUp: null }).sentence, /^Postgres is starting/);
  const writer = { ...front, role: 'writer' as const, ready: false, restarts: 1 };
  assert.match(tell({ postgresUp: null, processes: [front, writer] }).sentence, /^The writer is away/);
});

test('whatever refuses usages comes before all else, and is never called safe', () => {
  for (const reason of ['no front is ready', 'the log is not writable']) {
    const refused = tell({ instance: { ...instance, ready: false, reason }, postgresUp: false });
    assert.equal(refused.tone, 'bad');
    assert.match(refused.sentence, /refused/);
  }
  assert.match(
    tell({ instance: { ...instance, ready: false, reason: 'stopping' } }).sentence,
    /^The server is stopping/,
  );
});

test('a partition that stopped waits for a person, with its reason', () => {
  const stopped = tell({ stopped: { gap: 1, poison: 0 } });
  assert.equal(stopped.tone, 'bad');
  assert.match(stopped.because, /^Stopped: 1 partition \(gap\)\./);
  assert.equal(tell({ stopped: { gap: 0, poison: 0 } }).tone, 'ok');
});

test('Kafka away, wholly, for some, for the relay', () => {
  const kafka = (frontsUp: number, relayUp: boolean | null) =>
    tell({
      instance: kafkaInstance,
      processes: [front, { ...front, worker: 1 }],
      kafka: { frontsUp, relayUp, weak: 0 },
    });
  assert.equal(kafka(2, true).tone, 'ok');
  assert.deepEqual(
    [kafka(0, false).tone, kafka(0, false).sentence],
    ['bad', 'Kafka is away: usages are kept in the local log.'],
  );
  assert.equal(kafka(1, true).tone, 'warn');
  assert.equal(kafka(2, false).tone, 'warn');
});

test('shedding, failing and falling behind are warnings', () => {
  assert.match(tell({}, { overloaded: 1, failed: 1 }).sentence, /^Some requests are told to come back/);
  assert.match(tell({}, { overloaded: 0, failed: 1 }).sentence, /^Some requests fail/);
  assert.match(tell({ logs: [{ ...waiting, oldestSeconds: 61 }] }).sentence, /behind/);
  assert.equal(tell({ logs: [{ ...waiting, oldestSeconds: 59 }] }).tone, 'ok');
});

test('nothing is claimed while nothing is heard', () => {
  assert.deepEqual(
    [lostHeadline('Why.').tone, lostHeadline('Why.').sentence],
    ['unknown', 'No word from the server.'],
  );
});
