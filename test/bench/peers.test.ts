/** The bench's peers and limits keep what they say, and count it: a figure beside ours must stand on real rows. */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import kafkajs from 'kafkajs';
import { createKafkaFront } from '../../bench/front-alone-subject.ts';
import { createBare, createBareDurable, createBareKafka } from '../../bench/limits/bare-subject.ts';
import { createCopyTrial, NoPsqlError } from '../../bench/limits/copy-trial.ts';
import { groupBytes } from '../../bench/limits/disk-rate.ts';
import { createFsyncTrial } from '../../bench/limits/fsync-trial.ts';
import { openPsql, psqlVersion } from '../../bench/limits/psql-session.ts';
import { createExpressArray } from '../../bench/peers/express-subject.ts';
import { createFastifyInsert } from '../../bench/peers/insert-subject.ts';
import { createFastifyKafkajs } from '../../bench/peers/kafkajs-subject.ts';
import { sampleStageCpu, stageCpuBetween } from '../../bench/process-cpu.ts';
import { startProgram } from '../../bench/program.ts';
import type { BenchContext, CreateSubject, Subject, Trial } from '../../bench/subject.ts';
import { bodyOf } from '../../bench/usages.ts';
import { closeAfter } from '../support/close-after.ts';
import { skipWithoutKafka, startTestKafka } from '../support/kafka.ts';
import { until } from '../support/until.ts';

const kafka = await startTestKafka();
after(() => kafka?.stop());
/** The client in C that two of the limits are. */
const skip = (await psqlVersion()) === null ? 'psql is not installed' : false;

type Close = Parameters<typeof closeAfter>[0];

async function contextOf(t: Close): Promise<BenchContext> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-peers-'));
  closeAfter(t, () => rm(folder, { recursive: true }));
  return { folder, kafka: kafka && { brokers: kafka.brokers, pids: [] } };
}

async function startSubject(t: Close, create: CreateSubject): Promise<{ subject: Subject; url: string }> {
  const subject = create(await contextOf(t));
  closeAfter(t, () => subject.stop());
  return { subject, url: (await subject.start()).url };
}

async function startTrial(t: Close, create: (context: BenchContext) => Trial): Promise<Trial> {
  const trial = create(await contextOf(t));
  closeAfter(t, () => trial.stop());
  await trial.start();
  return trial;
}

async function postText(url: string, body: string): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response.status;
}

/** Posts usages `from` to `to - 1` at once. @returns the statuses that came, each once */
async function post(url: string, from: number, to: number): Promise<number[]> {
  const answers = Array.from({ length: to - from }, (_, n) => postText(url, bodyOf(from + n)));
  return [...new Set(await Promise.all(answers))];
}

/** What it acknowledged it counts, what it was told to forget it does not, and its processes use CPU. */
async function keepsWhatItAcknowledges(subject: Subject, url: string): Promise<void> {
  const before = await sampleStageCpu(await subject.stageRoots());
  assert.equal(await subject.countRows(), 0);
  assert.deepEqual(await post(url, 0, 30), [201]);
  await subject.settle(30);
  assert.equal(await subject.countRows(), 30);
  await subject.forget();
  assert.equal(await subject.countRows(), 0);
  assert.deepEqual(await post(url, 30, 40), [201]);
  assert.equal(await subject.countRows(), 10);
  const roots = await subject.stageRoots();
  const cpu = stageCpuBetween(before, await sampleStageCpu(roots));
  for (const { stage } of roots) assert.ok(cpu[stage]! > 0, `${stage} used CPU`);
}

describe('peers', () => {
  test('express-array keeps each usage in its array', async (t) => {
    const { subject, url } = await startSubject(t, createExpressArray);
    await keepsWhatItAcknowledges(subject, url);
  });

  test('fastify-insert keeps each usage in Postgres, where it outlives the program', async (t) => {
    const { subject, url } = await startSubject(t, createFastifyInsert);
    await keepsWhatItAcknowledges(subject, url);
    assert.equal(
      await postText(url, '{"patientId":"1","medication":"Albuterol","timestamp":"some day"}'),
      422,
    );
    const roots = await subject.stageRoots();
    process.kill(roots.find(({ stage }) => stage === 'subject')!.pid, 'SIGKILL');
    assert.equal(await subject.countRows(), 10);
  });

  test('fastify-kafkajs keeps each usage as a message', { skip: skipWithoutKafka(kafka) }, async (t) => {
    const { subject, url } = await startSubject(t, createFastifyKafkajs);
    await keepsWhatItAcknowledges(subject, url);
  });

  test('a front alone keeps each usage in its topic', { skip: skipWithoutKafka(kafka) }, async (t) => {
    const { subject, url } = await startSubject(t, createKafkaFront);
    await keepsWhatItAcknowledges(subject, url);
  });
});

describe('limits', () => {
  test('bare answers 201 and keeps nothing to count', async (t) => {
    const { subject, url } = await startSubject(t, createBare);
    assert.deepEqual(await post(url, 0, 30), [201]);
    assert.equal(await subject.countRows(), null);
  });

  test('bare-durable answers once the bodies are in its file', async (t) => {
    const context = await contextOf(t);
    const subject = createBareDurable(context);
    closeAfter(t, () => subject.stop());
    const { url } = await subject.start();
    assert.deepEqual(await post(url, 0, 30), [201]);
    const kept = await readFile(join(context.folder, 'bodies'), 'utf8');
    for (let n = 0; n < 30; n++) assert.equal(kept.split(bodyOf(n)).length, 2);
    assert.equal(await subject.countRows(), null);
  });

  test('bare-kafka answers, and is measured with the broker', {
    skip: skipWithoutKafka(kafka),
  }, async (t) => {
    const subject = createBareKafka({
      ...(await contextOf(t)),
      kafka: { brokers: kafka!.brokers, pids: [1] },
    });
    closeAfter(t, () => subject.stop());
    const { url } = await subject.start();
    assert.deepEqual(await post(url, 0, 30), [201]);
    assert.deepEqual(
      (await subject.stageRoots()).map(({ stage }) => stage),
      ['subject', 'broker'],
    );
    assert.equal(await subject.countRows(), null);
  });

  test('the least server with Kafka has the bodies in its topic', {
    skip: skipWithoutKafka(kafka),
  }, async (t) => {
    const { brokers } = kafka!;
    const topic = `least-${process.pid}`;
    const env = { KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic };
    const program = await startProgram(new URL('../../bench/limits/kafka.ts', import.meta.url), { env });
    closeAfter(t, () => program.stop());
    assert.deepEqual(await post(`http://127.0.0.1:${program.port}/api/usages`, 0, 30), [201]);
    const client = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING });
    const consumer = client.consumer({ groupId: topic });
    closeAfter(t, () => consumer.disconnect());
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let kept = '';
    await consumer.run({
      eachMessage: async ({ message }) => {
        kept += message.value;
      },
    });
    const timesOf = (n: number) => kept.split(bodyOf(n)).length - 1;
    const places = Array.from({ length: 30 }, (_, n) => n);
    await until(() => places.every((n) => timesOf(n) > 0), { what: 'every body is read' });
    for (const n of places) assert.equal(timesOf(n), 1);
  });

  test('fsync measures writes of a group', async (t) => {
    const trial = await startTrial(t, (context) => createFsyncTrial(context, groupBytes[0]));
    const round = await trial.round({ usages: 0, repeatEvery: null, seconds: 0.05 });
    assert.ok(round.requests > 0);
    assert.ok(round.latencyMs!.p50 > 0 && round.latencyMs!.p50 <= round.latencyMs!.max);
    assert.ok(round.cpuUs.subject! > 0);
  });

  test('copy says so where there is no psql', async (t) => {
    const path = process.env.PATH;
    closeAfter(t, () => Object.assign(process.env, { PATH: path }));
    process.env.PATH = (await contextOf(t)).folder;
    const trial = createCopyTrial(await contextOf(t), { staged: false, connections: 1 });
    await assert.rejects(trial.start(), NoPsqlError);
    await trial.stop();
  });

  test('psql that cannot connect says why, without the password', { skip }, async () => {
    await assert.rejects(openPsql('postgres://somebody:secret@127.0.0.1:1/usage'), (error: Error) => {
      assert.match(error.message, /refused/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

  test('copy stores the rows of a round alone, whatever the one before left', { skip }, async (t) => {
    const trial = await startTrial(t, (context) =>
      createCopyTrial(context, { staged: false, connections: 2 }),
    );
    for (const usages of [45_000, 10]) {
      const round = await trial.round({ usages, repeatEvery: null, seconds: 0 });
      assert.equal(round.rowsExpected, usages);
      assert.equal(round.rowsFound, usages);
    }
    await assert.rejects(trial.round({ usages: 10, repeatEvery: 20, seconds: 0 }), /takes no repeats/);
  });

  test('copy-staged stores a repeated usage once', { skip }, async (t) => {
    const trial = await startTrial(t, (context) =>
      createCopyTrial(context, { staged: true, connections: 1 }),
    );
    const round = await trial.round({ usages: 20_000, repeatEvery: 20, seconds: 0 });
    assert.equal(round.rowsExpected, 19_000);
    assert.equal(round.rowsFound, 19_000);
    assert.ok(round.cpuUs.postgres! > 0);
    assert.ok(round.cpuUs.subject! > 0);
  });
});
