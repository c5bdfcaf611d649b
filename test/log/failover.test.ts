/** What a 201 means where Kafka and the local log stand behind one appender: one of the two took it, or none is claimed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFailoverAppender } from '../../src/log/failover.ts';
import { type LogAppender, type LogKind, LogUnavailableError } from '../../src/log/log.ts';
import { headerOf, rowsOf } from '../support/log-records.ts';

interface Fake extends LogAppender {
  /** What was given to it, in order, as labels. */
  readonly taken: string[];
  /** What becomes of an append; null: acknowledged. */
  outcome: (label: string) => Promise<void> | null;
  setWritable(writable: boolean): void;
  readonly calls: string[];
}

function fake(kind: LogKind, writable = true): Fake {
  const listeners: ((writable: boolean) => void)[] = [];
  let isWritable = writable;
  const log: Fake = {
    kind,
    taken: [],
    calls: [],
    outcome: () => null,
    async append(_header, rows) {
      const label = rows.toString('latin1').split('\t')[0]!;
      log.taken.push(label);
      await log.outcome(label);
      return kind;
    },
    get writable() {
      return isWritable;
    },
    onWritableChange: (listener) => void listeners.push(listener),
    setWritable(now) {
      isWritable = now;
      for (const listener of listeners) listener(now);
    },
    start: async () => void log.calls.push('start'),
    stop: async () => void log.calls.push('stop'),
  };
  return log;
}

const refuse = (message: string) => Promise.reject(new LogUnavailableError('failed', message));

function failover(kafka: Fake, local: Fake | null) {
  const spooled: number[] = [];
  const kafkaUp: boolean[] = [];
  const appender = createFailoverAppender({
    kafka,
    local,
    onSpooled: (usages) => void spooled.push(usages),
    onKafkaUp: (up) => void kafkaUp.push(up),
  });
  const append = (label: string, count = 1) => appender.append(headerOf(count), rowsOf(label));
  return { appender, append, spooled, kafkaUp };
}

test('what Kafka acknowledges is not spooled', async () => {
  const [kafka, local] = [fake('kafka'), fake('local')];
  const { append, spooled } = failover(kafka, local);
  assert.equal(await append('a'), 'kafka');
  assert.deepEqual([kafka.taken, local.taken, spooled], [['a'], [], []]);
});

test('what Kafka does not acknowledge, whatever the reason, the local log does, and it is counted', async () => {
  const [kafka, local] = [fake('kafka'), fake('local')];
  const { append, spooled } = failover(kafka, local);
  kafka.outcome = () => refuse('not known in time');
  assert.equal(await append('unknown', 7), 'local');
  kafka.outcome = () => Promise.reject(new TypeError('a defect'));
  assert.equal(await append('defect', 3), 'local');
  assert.deepEqual(
    [local.taken, spooled],
    [
      ['unknown', 'defect'],
      [7, 3],
    ],
  );
});

test('while Kafka is not writable it is not asked', async () => {
  const [kafka, local] = [fake('kafka', false), fake('local')];
  const { append } = failover(kafka, local);
  assert.equal(await append('a'), 'local');
  assert.deepEqual([kafka.taken, local.taken], [[], ['a']]);
});

test('what neither takes is refused, with the reason of the local log, and not counted as spooled', async () => {
  const [kafka, local] = [fake('kafka'), fake('local')];
  const { append, spooled } = failover(kafka, local);
  kafka.outcome = () => refuse('Kafka');
  local.outcome = () => Promise.reject(new LogUnavailableError('full', 'the local log is full'));
  await assert.rejects(append('a'), { name: 'LogUnavailableError', reason: 'full' });
  assert.deepEqual(spooled, []);
});

test('without a spool what Kafka does not take is refused, with its reason as the cause', async () => {
  const kafka = fake('kafka');
  const { append, appender } = failover(kafka, null);
  kafka.outcome = () => refuse('too late');
  await assert.rejects(append('a'), (error: Error) => {
    assert.ok(error instanceof LogUnavailableError);
    assert.match((error.cause as Error).message, /too late/);
    return true;
  });
  kafka.setWritable(false);
  assert.equal(appender.writable, false);
  await assert.rejects(append('b'), LogUnavailableError);
  assert.deepEqual(kafka.taken, ['a']);
});

test('the local log gets one append at a time, in order, and one that fails keeps none back', async () => {
  const [kafka, local] = [fake('kafka', false), fake('local')];
  const { append } = failover(kafka, local);
  const { promise, reject } = Promise.withResolvers<void>();
  local.outcome = (label) => (label === 'a' ? promise : null);
  const appends = ['a', 'b', 'c'].map((label) => append(label));
  await new Promise(setImmediate);
  assert.deepEqual(local.taken, ['a']);
  reject(new LogUnavailableError('failed', 'a write failed'));
  await assert.rejects(appends[0]!, LogUnavailableError);
  assert.deepEqual(await Promise.all(appends.slice(1)), ['local', 'local']);
  assert.deepEqual(local.taken, ['a', 'b', 'c']);
});

test('it is writable while one of the two is, and tells each change once', async () => {
  const [kafka, local] = [fake('kafka', false), fake('local', false)];
  const { appender, kafkaUp } = failover(kafka, local);
  const heard: boolean[] = [];
  appender.onWritableChange((writable) => heard.push(writable));
  await appender.start();
  assert.deepEqual([appender.writable, kafkaUp], [false, [false]]);
  local.setWritable(true);
  kafka.setWritable(true);
  local.setWritable(false);
  assert.deepEqual([appender.writable, heard], [true, [true]]);
  kafka.setWritable(false);
  assert.deepEqual([appender.writable, heard, kafkaUp], [false, [true, false], [false, true, false]]);
});

test('both are started and stopped with it, the local log after what it was given', async () => {
  const [kafka, local] = [fake('kafka', false), fake('local')];
  const { appender, append } = failover(kafka, local);
  assert.equal(appender.start(), appender.start());
  await appender.start();
  const { promise, resolve } = Promise.withResolvers<void>();
  local.outcome = () => promise;
  const appended = append('a');
  assert.equal(appender.stop(), appender.stop());
  await new Promise(setImmediate);
  assert.deepEqual([kafka.calls, local.calls], [['start', 'stop'], ['start']]);
  resolve();
  assert.equal(await appended, 'local');
  await appender.stop();
  assert.deepEqual(local.calls, ['start', 'stop']);
});
